//! The WebRTC stack set up for one voice, with the work-arounds its version needs.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rtc::ice::mdns::MulticastDnsMode;
use rtc::interceptor::Slot;
use rtc::media_stream::MediaStreamTrack;
use rtc::peer_connection::transport::RTCDtlsRole;
use rtc::rtp_transceiver::RTCRtpTransceiverDirection;
use rtc::rtp_transceiver::rtp_sender::{
    RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters,
    RtpCodecKind,
};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::media_stream::track_remote::{TrackRemote, TrackRemoteEvent};
use webrtc::peer_connection::{
    MediaEngine, PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler,
    RTCIceGatheringState, RTCPeerConnectionState, Registry, SettingEngineBuilder,
    register_default_interceptors,
};

use super::feedback::{LossWatch, RemoteLoss};
use super::types::{MediaConfig, MediaError, MediaEvent};
use super::voice::{Inbound, Outbound, lock};
use crate::codec::Codec;
use crate::sdp::{Direction, Formats};

/// Pace of ICE connectivity checks (RFC 8445 section 14.2, Ta). The library's own 200 ms would be
/// heard: a telephone that made its answer while it rang has checked in vain until it is picked up,
/// and its next check is what connects the call.
const CHECK_INTERVAL: Duration = Duration::from_millis(50);
/// A pair is given up after this many checks, a minute: a telephone may ring for long before the
/// other side knows the answer and can reply.
const MOST_CHECKS: u16 = 1_200;

/// Who made the first offer, which settles the DTLS role for all later ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// We did: peers answer `active`, so we are and stay the DTLS server.
    Offerer,
    /// The peer did.
    Answerer,
}

/// A peer connection with its one local track.
pub(super) struct Peer {
    pub(super) connection: Arc<dyn PeerConnection>,
    pub(super) track: Arc<TrackLocalStaticRTP>,
    pub(super) gathering: watch::Receiver<u64>,
}

/// Receives the stack's call-backs. They run on the stack's own task: nothing here waits.
pub(super) struct Callbacks {
    pub(super) inbound: Arc<Mutex<Inbound>>,
    pub(super) outbound: Arc<Mutex<Outbound>>,
    pub(super) readers: Arc<Mutex<Vec<AbortHandle>>>,
    /// How often gathering was completed.
    pub(super) gathered: watch::Sender<u64>,
}

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Callbacks {
    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        if state == RTCIceGatheringState::Complete {
            self.gathered.send_modify(|times| *times += 1);
        }
    }

    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        let event = match state {
            RTCPeerConnectionState::Connected => Some(MediaEvent::Connected),
            RTCPeerConnectionState::Disconnected => Some(MediaEvent::Disconnected),
            RTCPeerConnectionState::Failed => {
                Some(MediaEvent::Failed { reason: "ICE or DTLS failed".to_owned() })
            }
            _ => None,
        };
        match state {
            RTCPeerConnectionState::Connected => lock(&self.outbound).set_connected(true),
            RTCPeerConnectionState::Failed | RTCPeerConnectionState::Closed => {
                lock(&self.outbound).set_connected(false);
            }
            // Disconnected may be a short gap: packets sent now may well arrive.
            _ => {}
        }
        if let Some(event) = event {
            lock(&self.inbound).tell(event);
        }
    }

    async fn on_track(&self, track: Arc<dyn TrackRemote>) {
        // The stack's queue drops packets when it is full, so one task does nothing but drain it.
        let inbound = Arc::clone(&self.inbound);
        let reader = tokio::spawn(async move {
            while let Some(event) = track.poll().await {
                if let TrackRemoteEvent::OnRtpPacket(packet) = event {
                    lock(&inbound).packet(Instant::now(), packet);
                }
            }
        });
        let mut readers = lock(&self.readers);
        readers.retain(|r| !r.is_finished());
        readers.push(reader.abort_handle());
    }
}

/// A codec as the stack knows it; its parameters are those of `sdp::incoming`.
fn known(codec: Codec) -> RTCRtpCodec {
    // RFC 7587 section 7: always 2, also for mono.
    let (channels, parameters) = match codec {
        Codec::Opus => (2, "minptime=10;useinbandfec=1"),
        Codec::Waveform(_) => (1, ""),
    };
    RTCRtpCodec {
        mime_type: format!("audio/{}", codec.name()),
        clock_rate: codec.clock_rate(),
        channels,
        sdp_fmtp_line: parameters.to_owned(),
        rtcp_feedback: vec![],
    }
}

/// Formats as the stack knows them.
fn codecs(formats: &Formats) -> Vec<RTCRtpCodecParameters> {
    let voice = formats.voice.iter().map(|(codec, payload_type)| RTCRtpCodecParameters {
        rtp_codec: known(*codec),
        payload_type: *payload_type,
    });
    let events = formats.events.iter().map(|events| RTCRtpCodecParameters {
        rtp_codec: RTCRtpCodec {
            mime_type: "audio/telephone-event".to_owned(),
            clock_rate: events.clock_rate,
            channels: 0,
            sdp_fmtp_line: "0-15".to_owned(),
            rtcp_feedback: vec![],
        },
        payload_type: events.payload_type,
    });
    voice.chain(events).collect()
}

/// Words of the stack for the log; they carry addresses at most, never a caller's number.
pub(super) fn setup(error: impl std::fmt::Display) -> MediaError {
    MediaError::Setup { reason: error.to_string() }
}

impl Peer {
    pub(super) async fn new(
        config: &MediaConfig,
        side: Side,
        codec: Codec,
        ssrc: u32,
        loss: RemoteLoss,
        callbacks: Callbacks,
    ) -> Result<Self, MediaError> {
        let mut engine = MediaEngine::default();
        for codec in codecs(&Formats::ours()) {
            engine.register_codec(codec, RtpCodecKind::Audio).map_err(setup)?;
        }
        let registry = Registry::new().with(Slot::from(14_000), LossWatch::new(ssrc, loss));
        let registry = register_default_interceptors(registry, &mut engine).map_err(setup)?;
        let role = match side {
            Side::Offerer => RTCDtlsRole::Server,
            Side::Answerer => RTCDtlsRole::Client,
        };
        let settings = SettingEngineBuilder::new()
            .with_include_loopback_candidate(true)
            .with_multicast_dns_mode(MulticastDnsMode::Disabled)
            .with_answering_dtls_role(role)
            .with_ice_connection_attempts(Some(CHECK_INTERVAL), Some(MOST_CHECKS))
            .build();
        let gathering = callbacks.gathered.subscribe();
        let connection = PeerConnectionBuilder::new()
            .with_media_engine(engine)
            .with_interceptor_registry(registry)
            .with_setting_engine(settings)
            .with_handler(Arc::new(callbacks))
            .with_udp_addrs(config.bind.clone())
            .build()
            .await
            .map_err(setup)?;
        let coding = RTCRtpEncodingParameters {
            rtp_coding_parameters: RTCRtpCodingParameters {
                ssrc: Some(ssrc),
                ..Default::default()
            },
            codec: known(codec),
            ..Default::default()
        };
        let track = Arc::new(TrackLocalStaticRTP::new(MediaStreamTrack::new(
            "siaga".into(),
            "voice".into(),
            "voice".into(),
            RtpCodecKind::Audio,
            vec![coding],
        )));
        Ok(Self { connection: Arc::new(connection), track, gathering })
    }

    /// Adds our track.
    pub(super) async fn add_track(&self) -> Result<(), MediaError> {
        self.connection.add_track(self.track.clone()).await.map(|_| ()).map_err(setup)
    }

    /// Says which formats may be sent and received. Left alone the stack forgets telephone-event in
    /// offers, and sends nothing that was not in the first description it saw.
    pub(super) async fn set_formats(&self, formats: &Formats) -> Result<(), MediaError> {
        for transceiver in self.connection.get_transceivers().await {
            transceiver.set_codec_preferences(codecs(formats)).await.map_err(setup)?;
        }
        Ok(())
    }

    /// Sets who may send from our point of view, before an answer is made: the stack would answer
    /// a sendonly offer with sendrecv.
    pub(super) async fn set_direction(&self, direction: Direction) -> Result<(), MediaError> {
        let direction = match direction {
            Direction::SendRecv => RTCRtpTransceiverDirection::Sendrecv,
            Direction::SendOnly => RTCRtpTransceiverDirection::Sendonly,
            Direction::RecvOnly => RTCRtpTransceiverDirection::Recvonly,
            Direction::Inactive => RTCRtpTransceiverDirection::Inactive,
        };
        for transceiver in self.connection.get_transceivers().await {
            transceiver.set_direction(direction).await.map_err(setup)?;
        }
        Ok(())
    }
}
