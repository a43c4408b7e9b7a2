//! What the peer says it lost: reads RTCP reception reports as they pass, since the WebRTC
//! stack's own statistics of the remote side stay zero.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Instant;

use rtc::interceptor::{Interceptor, Packet, StreamInfo, TaggedPacket};
use rtc::rtcp::receiver_report::ReceiverReport;
use rtc::rtcp::reception_report::ReceptionReport;
use rtc::rtcp::sender_report::SenderReport;
use rtc::sansio::Protocol;
use rtc::shared::error::Error;

/// Above this measured loss, in percent, redundancy is raised to it.
const WORTH_RAISING: u8 = 1;
/// FEC for more than this would leave too little for the voice itself, in percent.
const MOST: u8 = 30;

/// Loss, in percent, that the peer measured last.
#[derive(Debug, Clone, Default)]
pub(super) struct RemoteLoss(Arc<AtomicU8>);

impl RemoteLoss {
    /// What the encoder is to prepare for when `configured` is the least.
    pub(super) fn to_expect(&self, configured: u8) -> u8 {
        let measured = self.0.load(Ordering::Relaxed);
        if measured > WORTH_RAISING { measured.min(MOST).max(configured) } else { configured }
    }

    fn note(&self, ssrc: u32, reports: &[ReceptionReport]) {
        for report in reports.iter().filter(|r| r.ssrc == ssrc) {
            // An 8-bit binary fraction (RFC 3550 section 6.4.1).
            let percent = (u32::from(report.fraction_lost) * 100 + 128) / 256;
            self.0.store(u8::try_from(percent).unwrap_or(100), Ordering::Relaxed);
        }
    }
}

/// Lets everything pass and notes the reports about `ssrc`.
pub(super) struct LossWatch {
    ssrc: u32,
    loss: RemoteLoss,
    reads: VecDeque<TaggedPacket>,
    writes: VecDeque<TaggedPacket>,
}

impl LossWatch {
    pub(super) fn new(ssrc: u32, loss: RemoteLoss) -> Self {
        // Both queues are drained by the stack after each packet put in.
        Self { ssrc, loss, reads: VecDeque::new(), writes: VecDeque::new() }
    }
}

impl Protocol<TaggedPacket, TaggedPacket, ()> for LossWatch {
    type Rout = TaggedPacket;
    type Wout = TaggedPacket;
    type Eout = ();
    type Error = Error;
    type Time = Instant;

    fn handle_read(&mut self, msg: TaggedPacket) -> Result<(), Error> {
        if let Packet::Rtcp(packets) = &msg.message.packet {
            for packet in packets {
                let any = packet.as_any();
                if let Some(report) = any.downcast_ref::<ReceiverReport>() {
                    self.loss.note(self.ssrc, &report.reports);
                } else if let Some(report) = any.downcast_ref::<SenderReport>() {
                    self.loss.note(self.ssrc, &report.reports);
                }
            }
        }
        self.reads.push_back(msg);
        Ok(())
    }

    fn poll_read(&mut self) -> Option<TaggedPacket> {
        self.reads.pop_front()
    }

    fn handle_write(&mut self, msg: TaggedPacket) -> Result<(), Error> {
        self.writes.push_back(msg);
        Ok(())
    }

    fn poll_write(&mut self) -> Option<TaggedPacket> {
        self.writes.pop_front()
    }

    fn handle_timeout(&mut self, _now: Instant) -> Result<(), Error> {
        Ok(())
    }

    fn poll_timeout(&mut self) -> Option<Instant> {
        None
    }
}

impl Interceptor for LossWatch {
    fn bind_local_stream(&mut self, _info: &StreamInfo) {}
    fn unbind_local_stream(&mut self, _info: &StreamInfo) {}
    fn bind_remote_stream(&mut self, _info: &StreamInfo) {}
    fn unbind_remote_stream(&mut self, _info: &StreamInfo) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redundancy_follows_the_loss_reported_for_our_own_stream() {
        let loss = RemoteLoss::default();
        let report =
            |ssrc, fraction_lost| ReceptionReport { ssrc, fraction_lost, ..Default::default() };
        assert_eq!(loss.to_expect(10), 10);
        loss.note(7, &[report(8, 128)]);
        assert_eq!(loss.to_expect(10), 10);
        loss.note(7, &[report(7, 51)]);
        assert_eq!(loss.to_expect(10), 20);
        loss.note(7, &[report(7, 255)]);
        assert_eq!(loss.to_expect(10), MOST);
        loss.note(7, &[report(7, 0)]);
        assert_eq!(loss.to_expect(10), 10);
    }
}
