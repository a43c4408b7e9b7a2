//! What travels to a window: the whole state once, then what has changed of it.

use crate::state::DeskState;
use serde_json::{Map, Value};

/// What a window is told: parts of a [`DeskState`] by their names.
pub type Packet = Map<String, Value>;

/// Makes the packets that keep one window up to date.
///
/// The first is the whole state. Each later one names in `after` the revision that it completes, and
/// leaves out every part that is as it was in that: a meter that moves five times a second costs two
/// numbers, not a form with its findings.
#[derive(Debug, Default)]
pub struct Packer {
    sent: Option<(DeskState, Packet)>,
}

impl Packer {
    /// What brings the window from the state of the last call to this one.
    ///
    /// # Errors
    /// When a part cannot be told as JSON.
    pub fn pack(&mut self, state: &DeskState) -> serde_json::Result<Packet> {
        let mut parts = state.clone();
        if let Some((sent, _)) = &self.sent {
            parts.leave_out_what_is_shared_with(sent);
        }
        let parts: Packet = serde_json::from_value(serde_json::to_value(&parts)?)?;
        let mut packet = parts.clone();
        if let Some((sent, known)) = self.sent.replace((state.clone(), parts)) {
            packet.retain(|part, value| part == "rev" || known.get(part) != Some(value));
            packet.insert("after".to_owned(), sent.rev.into());
        }
        Ok(packet)
    }
}

impl DeskState {
    /// Leaves out the slices that are the very ones of `sent`.
    fn leave_out_what_is_shared_with(&mut self, sent: &Self) {
        self.view.leave_out_if_sent(&sent.view);
        self.cases.leave_out_if_sent(&sent.cases);
        self.search.leave_out_if_sent(&sent.search);
        self.file.leave_out_if_sent(&sent.file);
        self.peaks.leave_out_if_sent(&sent.peaks);
        self.about.leave_out_if_sent(&sent.about);
        self.odds.leave_out_if_sent(&sent.odds);
        self.figures.leave_out_if_sent(&sent.figures);
        self.places.leave_out_if_sent(&sent.places);
        self.devices.leave_out_if_sent(&sent.devices);
        self.exercise.leave_out_if_sent(&sent.exercise);
    }
}
