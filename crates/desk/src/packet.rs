//! What travels to a window: the whole state once, then what has changed of it.

use crate::state::DeskState;
use json_patch::jsonptr::PointerBuf;
use json_patch::{AddOperation, Patch, PatchOperation};
use serde::Serialize;
use serde_json::{Map, Value};

/// What a window is told.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Packet {
    /// A [`DeskState`], part by part.
    Whole(Map<String, Value>),
    /// What makes one revision into another.
    Changes {
        /// The revision that is completed.
        after: u64,
        /// The revision that it becomes, which is not among the changes.
        rev: u64,
        /// Additions, replacements and removals (RFC 6902).
        changes: Patch,
    },
}

/// From so many changes on, a part is told anew: a row at the head of a list moves all others.
const MANY: usize = 40;

/// Makes the packets that keep one window up to date.
///
/// The first is the whole state. Each later one has what is not as it was: a meter that moves five
/// times a second costs two numbers, and a letter its field and its findings, not the call and all that
/// the hub shows.
#[derive(Debug, Default)]
pub struct Packer {
    sent: Option<Sent>,
}

/// What the window has.
#[derive(Debug)]
struct Sent {
    state: DeskState,
    parts: Map<String, Value>,
}

impl Packer {
    /// What brings the window from the state of the last call to this one.
    ///
    /// # Errors
    /// When a part cannot be told as JSON.
    pub fn pack(&mut self, state: &DeskState) -> serde_json::Result<Packet> {
        let mut parts = state.clone();
        if let Some(sent) = &self.sent {
            parts.leave_out_what_is_shared_with(&sent.state);
        }
        let parts: Map<String, Value> = serde_json::from_value(serde_json::to_value(&parts)?)?;
        let Some(sent) = &mut self.sent else {
            self.sent = Some(Sent { state: state.clone(), parts: parts.clone() });
            return Ok(Packet::Whole(parts));
        };
        let after = std::mem::replace(&mut sent.state, state.clone()).rev;
        let mut changes = Vec::new();
        for (name, part) in parts {
            if name != "rev" && sent.parts.get(&name) != Some(&part) {
                changes.extend(sent.change(name, part));
            }
        }
        Ok(Packet::Changes { after, rev: state.rev, changes: Patch(changes) })
    }
}

impl Sent {
    /// Takes a part as it is now; gives what that changes.
    fn change(&mut self, name: String, part: Value) -> Vec<PatchOperation> {
        let before = Map::from_iter(self.parts.remove_entry(&name));
        let path = PointerBuf::from_tokens([&name]);
        self.parts.insert(name.clone(), part.clone());
        let after = Map::from_iter([(name, part.clone())]);
        let Patch(changes) = json_patch::diff(&before.into(), &after.into());
        if changes.len() < MANY {
            return changes;
        }
        vec![PatchOperation::Add(AddOperation { path, value: part })]
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

#[cfg(test)]
impl Packet {
    /// Does what a window does with it.
    pub(crate) fn lay_over(self, window: &mut Value) {
        match self {
            Self::Whole(parts) => *window = parts.into(),
            Self::Changes { after, rev, changes } => {
                assert_eq!(window["rev"], after, "a packet was lost");
                json_patch::patch(window, &changes).expect("what is changed is there");
                window["rev"] = rev.into();
            }
        }
    }

    /// Where something changes, as JSON pointers.
    pub(crate) fn changed(&self) -> Vec<String> {
        let Self::Changes { changes, .. } = self else { return Vec::new() };
        changes.iter().map(|change| change.path().to_string()).collect()
    }
}
