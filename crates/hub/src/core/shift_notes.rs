//! What one watch leaves to the next: shown to every seat of the unit for a day.

use super::desks::{Who, out_of_range};
use super::{AuditEvent, HubCore};
use siaga_hub_api::ApiError;
use siaga_hub_store::Write;
use siaga_model::{Redacted, ShiftNote, Timestamp, UnitId};
use std::collections::{BTreeMap, VecDeque};
use std::ops::RangeInclusive;

/// The length of a note, in characters.
const LENGTH: RangeInclusive<usize> = 3..=500;
/// How many notes a unit is shown; older ones stay in the store.
const SHOWN: usize = 5;
/// For how long a note is shown, in milliseconds: three watches.
const SHOWN_FOR_MS: i64 = 24 * 3_600_000;

/// Notes that are older are not shown any more.
pub(crate) fn shown_from(now: Timestamp) -> Timestamp {
    Timestamp(now.0.saturating_sub(SHOWN_FOR_MS))
}

/// The newest notes of each unit, newest first.
#[derive(Debug, Default)]
pub(super) struct ShiftNotes(BTreeMap<UnitId, VecDeque<ShiftNote>>);

impl ShiftNotes {
    /// One more, the newest of its unit.
    pub(super) fn put(&mut self, note: ShiftNote) {
        let notes = self.0.entry(note.unit.clone()).or_default();
        notes.push_front(note);
        notes.truncate(SHOWN);
    }

    /// What a unit is shown now, newest first.
    pub(super) fn of(&self, unit: &UnitId, now: Timestamp) -> Vec<ShiftNote> {
        let notes = self.0.get(unit).into_iter().flatten();
        notes.filter(|note| note.at >= shown_from(now)).cloned().collect()
    }
}

impl HubCore {
    /// An operator leaves a note to whoever sits down next.
    pub(super) fn shift_note(
        &mut self,
        now: Timestamp,
        who: &Who,
        text: &Redacted<String>,
    ) -> Result<(), ApiError> {
        let text = text.expose().trim();
        if !LENGTH.contains(&text.chars().count()) {
            return Err(out_of_range("text"));
        }
        let (Some(seat), Some(sitting)) = (self.seats.get(&who.seat), self.sittings.get(&who.seat))
        else {
            return Ok(());
        };
        let note = ShiftNote {
            at: now,
            seat: who.seat.clone(),
            unit: seat.unit.clone(),
            operator: sitting.display.clone(),
            text: Redacted::new(text.to_owned()),
        };
        self.audit(now, None, &AuditEvent::ShiftNoteLeft { seat: &who.seat });
        self.writes.push(Write::ShiftNote(note.clone()));
        self.notes.put(note);
        self.sittings.all_dirty();
        Ok(())
    }
}
