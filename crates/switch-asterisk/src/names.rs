//! What hub, guard and dialplan of Asterisk must agree on: names, and how a call is found again.
//!
//! Nothing about a call is kept beside Asterisk itself. Whoever comes back to it knows each channel
//! by its id: a leg that we made has our own [`LegId`] as its channel's id, a caller's call follows
//! from the id that Asterisk gave ([`call_of_caller`]), a call's bridge has the call's id.
//!
//! What the dialplan has to do for a caller on the trunk, in this order: set [`UA_VARIABLE`] to the
//! telephone's `User-Agent`; start `MixMonitor` without a mixed file, with
//! `r(FILE.rx.sln16)` and `t(FILE.tx.sln16)`, where `FILE` is
//! `RECORDINGS/raw/${CHANNEL(uniqueid)}_${STRFTIME(,UTC,%s%3q)}`; `Answer`; then
//! `Stasis(siaga,caller,verified)` when the INVITE of a trusted trunk had a P-Asserted-Identity, else
//! `Stasis(siaga,caller,claimed)`. A context [`RECORD_CONTEXT`] does the recording of a citizen whom we
//! dialled and ends in `Stasis(siaga,recorded)`; a context [`EAR_CONTEXT`] is
//! `AudioSocket(${SIAGA_EAR},${SIAGA_EAR_HOST})`.

use md5::Md5;
use sha2::{Digest, Sha256};
use siaga_model::{CallId, LegId, SeatId};

/// The Stasis application.
pub const APP: &str = "siaga";
/// First argument of `Stasis` for a caller on the trunk; the second says how far the number is to be
/// trusted: [`VERIFIED`] or something else.
pub const CALLER_ARG: &str = "caller";
/// Second argument of `Stasis`: a trusted trunk asserted the number (RFC 3325).
pub const VERIFIED: &str = "verified";
/// First argument of `Stasis` when [`RECORD_CONTEXT`] has begun to record.
pub const RECORDED_ARG: &str = "recorded";
/// First argument of `Stasis` of a channel that only listens.
pub const EAR_ARG: &str = "ear";
/// First argument of `Stasis` of a leg that we made.
pub const LEG_ARG: &str = "leg";
/// Context, extension `s`: begins to record and comes back.
pub const RECORD_CONTEXT: &str = "siaga-record-leg";
/// Context, extension `s`: gives what a channel says to the hub.
pub const EAR_CONTEXT: &str = "siaga-ear";
/// Channel variable: the ear's UUID.
pub const EAR_VARIABLE: &str = "SIAGA_EAR";
/// Channel variable: where the hub listens, `host:port`.
pub const EAR_HOST_VARIABLE: &str = "SIAGA_EAR_HOST";
/// Channel variable: the telephone's `User-Agent`.
pub const UA_VARIABLE: &str = "SIAGA_USER_AGENT";
/// Function of a channel that we made and that was answered: the program of the other telephone (RFC 3261
/// section 20.35).
pub const CALLED_UA: &str = "PJSIP_RESPONSE_HEADER(read,Server)";
/// Variable of the caller's channel: what is played in its bridge, for a hub that comes back.
pub const PLAYING_VARIABLE: &str = "SIAGA_PLAYING";
/// Header by which a desk knows which call rings; nobody outside is told.
pub const CALL_HEADER: &str = "X-Siaga-Call";
/// Music class: the waiting music.
pub const MUSIC: &str = "siaga-music";
/// Music class: ringback, soft enough to talk over.
pub const RINGBACK: &str = "siaga-ringback";
/// Music class: "please wait" over music, 20 s, again and again.
pub const PLEASE_WAIT: &str = "siaga-please-wait";
/// Sound, without its ending: "press any key or knock twice".
pub const SILENCE_CHECK: &str = "siaga/silence-check";
/// Folder of raw recordings inside that of the recordings.
pub const RAW: &str = "raw";

/// The call of a caller whose channel has this unique id, e.g. `pbx-1795729456.12`. The same id gives
/// the same call, so that a hub, a guard and a recording found later agree without asking anybody.
/// The milliseconds of the call's id are the seconds of the channel's and its counter, so calls stay
/// sorted by arrival; its random part is a hash of the whole id. `None`: not the id of a channel that
/// Asterisk named.
pub fn call_of_caller(unique_id: &str) -> Option<CallId> {
    let plain = unique_id.rsplit('-').next().unwrap_or(unique_id);
    let (seconds, counter) = plain.split_once('.')?;
    let seconds: u64 = seconds.parse().ok()?;
    let counter: u64 = counter.parse().ok()?;
    let unix_ms = seconds.checked_mul(1_000)?.checked_add(counter % 1_000)?;
    let hash = Sha256::digest(unique_id.as_bytes());
    let mut random = [0; 16];
    random[6..].copy_from_slice(&hash[..10]);
    Some(CallId::from_parts(unix_ms, u128::from_be_bytes(random)))
}

/// The leg that a channel with this id is: one that we made, or a caller's.
pub fn leg_of_channel(channel_id: &str) -> Option<LegId> {
    channel_id.parse().ok().or_else(|| call_of_caller(channel_id).map(LegId::caller))
}

/// The seat behind a channel's name, e.g. `PJSIP/pmj-1-0000002a`.
pub fn seat_of_channel(name: &str) -> Option<SeatId> {
    name.strip_prefix("PJSIP/")?.rsplit_once('-')?.0.parse().ok()
}

/// Asterisk's id of what a seat has registered: of its AOR, and of the address.
pub(crate) fn contact(seat: &SeatId, uri: &str) -> String {
    format!("{seat};@{}", hex::encode(Md5::digest(uri.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_s_call_follows_from_the_channel_and_sorts_by_arrival() {
        let first = call_of_caller("1795729456.7").unwrap();
        assert_eq!(call_of_caller("1795729456.7"), Some(first));
        let later = call_of_caller("1795729457.9").unwrap();
        assert!(first < later);
        assert_ne!(call_of_caller("pbx-a-1795729456.7"), Some(first), "another machine's");
        assert_eq!(call_of_caller("nonsense"), None);
        assert_eq!(call_of_caller("18446744073709551615.1"), None);
    }

    #[test]
    fn every_leg_is_known_by_its_channel() {
        let call = call_of_caller("1795729456.7").unwrap();
        assert_eq!(leg_of_channel("1795729456.7"), Some(LegId::caller(call)));
        let leg = LegId { call, n: 3 };
        assert_eq!(leg_of_channel(&leg.to_string()), Some(leg));
        assert_eq!(leg_of_channel("ear-1"), None);
    }

    #[test]
    fn a_registration_is_known_by_its_address() {
        let seat = "pmj-1".parse().unwrap();
        // As Asterisk 22.10 had it.
        let id = "pmj-1;@5eda6608d8bde13075785a44a119603b";
        assert_eq!(contact(&seat, "sip:pmj-1@127.99.0.3:5070"), id);
    }

    #[test]
    fn a_seat_is_known_by_the_name_of_its_channel() {
        let seat = seat_of_channel("PJSIP/polres-depok-1-0000002a").unwrap();
        assert_eq!(seat.as_str(), "polres-depok-1");
        assert_eq!(seat_of_channel("Local/pmj-1@x-00000001;1"), None);
    }
}
