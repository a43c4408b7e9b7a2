//! How an Asterisk becomes the PBX of a Polda: a plan in, files out.
//!
//! [`files`] is a pure function: the same [`Plan`] and seats give the same bytes. It knows the dialplan,
//! trunks, seats, the queue for a time without a hub, music and prompts. It does not know secrets: a
//! seat's is pushed by the hub for one session (ADR 0014), ARI's password is in a file of its own that
//! [`install`](install()) makes once. Nothing here talks to an Asterisk.
//!
//! Only the trunks and registered seats may call: there is no anonymous endpoint, and what seats dial is
//! refused, since the hub makes every call.

mod dialplan;
mod install;
mod pjsip;
mod plan;
mod sounds;
mod system;

pub use install::{Difference, InstallError, differences, install};
pub use plan::{
    Ari, AssertedIdentity, BeforeHuman, Codec, Menu, Paths, Pbx, Plan, PlanFault, Rtp, Seats,
    Trunk, Wss,
};

use siaga_model::Seat;
use std::path::PathBuf;

/// Context of the trunks: where a citizen's call begins.
pub const TRUNK_CONTEXT: &str = "siaga-trunk";
/// Context of the seats: whatever they dial is refused.
pub const SEAT_CONTEXT: &str = "siaga-seats";
/// Context, extension `s`: a caller without a hub. The dialplan's own queue rings every seat that is
/// registered and free, and asks for the hub again every 20 s. The guard sends callers here.
pub const WITHOUT_HUB_CONTEXT: &str = "siaga-tanpa-hub";
/// The queue of [`WITHOUT_HUB_CONTEXT`].
pub const QUEUE: &str = "siaga";
/// Header of a call that the dialplan's queue sends to a desk: the caller's channel id, from which
/// follows the call (`names::call_of_caller`).
pub const WITHOUT_HUB_HEADER: &str = "X-Siaga-Tanpa-Hub";

/// A file of the PBX.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Where, on the PBX.
    pub path: PathBuf,
    /// What is in it.
    pub contents: Vec<u8>,
}

/// Everything that Asterisk reads: its configuration, music and prompts. In the order of their paths.
pub fn files(plan: &Plan, seats: &[Seat]) -> Vec<File> {
    let etc = |name: &str, text: String| File {
        path: plan.paths.etc.join(name),
        contents: text.into_bytes(),
    };
    let mut files = vec![
        etc("pjsip.conf", pjsip::pjsip(plan, seats)),
        etc("sorcery.conf", pjsip::SORCERY.to_owned()),
        etc("extensions.conf", dialplan::extensions(plan)),
        etc("queues.conf", dialplan::queues(plan, seats)),
        etc("asterisk.conf", system::asterisk(plan)),
        etc("modules.conf", system::modules()),
        etc("http.conf", system::http(plan)),
        etc("ari.conf", system::ari(plan)),
        etc("rtp.conf", system::rtp(plan)),
        etc("musiconhold.conf", system::music(plan)),
        etc("logger.conf", system::LOGGER.to_owned()),
    ];
    files.extend(system::QUIET.iter().map(|(name, text)| etc(name, (*text).to_owned())));
    files.extend(sounds::files(plan));
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// The first line of every file of ours.
const HEADING: &str =
    "; Written by `siaga-hub asterisk-config` from a plan. Change the plan, not this file.\n";

#[cfg(test)]
mod tests;
