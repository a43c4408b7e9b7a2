//! What travels to a window: the whole state once, then what has changed of it.

use crate::shelf::{Looked, Slice};
use crate::state::DeskState;
use json_patch::jsonptr::PointerBuf;
use json_patch::{AddOperation, Patch, PatchOperation, RemoveOperation, ReplaceOperation};
use serde::Serialize;
use serde_json::Value;
use siaga_hub_api::{CaseList, CaseRow, CasesQuery};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a window is told.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Packet {
    /// All of it.
    Whole(Arc<DeskState>),
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

/// From so many changes on, a part is told anew.
const MANY: usize = 40;

/// Makes the packets that keep one window up to date.
///
/// The first is the whole state. Each later one has what is not as it was: a meter that moves four
/// times a second costs two numbers, and a letter its field and its findings, not the call and all that
/// the hub shows.
///
/// What has not changed is not turned into JSON either: a list of 200 rows in which one has changed
/// would hold up the findings that come with the next letter.
#[derive(Debug, Default)]
pub struct Packer {
    /// What the window has.
    sent: Option<Arc<DeskState>>,
}

/// Where the rows of the list of cases lie.
const ROWS: [&str; 4] = ["cases", "found", "1", "rows"];

type Cases = Slice<Option<Looked<CasesQuery, CaseList>>>;

impl Packer {
    /// What brings the window from the state of the last call to this one.
    ///
    /// # Errors
    /// When a part cannot be told as JSON.
    pub fn pack(&mut self, state: Arc<DeskState>) -> serde_json::Result<Packet> {
        let Some(before) = self.sent.replace(Arc::clone(&state)) else {
            return Ok(Packet::Whole(state));
        };
        let changes = Patch(changes(&before, &state)?);
        Ok(Packet::Changes { after: before.rev, rev: state.rev, changes })
    }

    /// Whether a state has more than a later time for the window.
    pub fn is_news(&self, state: &DeskState) -> bool {
        self.sent.as_ref().is_none_or(|before| differ(before, state))
    }
}

/// Writes `changes`: what makes one state into another, but for the revision; and `differ`: whether that
/// is more than the time.
macro_rules! changes_of {
    ($($part:ident)*) => {
        fn changes(before: &DeskState, after: &DeskState) -> serde_json::Result<Vec<PatchOperation>> {
            // All of them, so that one that is new is not forgotten.
            let DeskState { rev: _, now, cases, $($part),* } = after;
            let mut changes = changes_of_cases(&before.cases, cases)?;
            if before.now != *now {
                let [was, is] = [serde_json::to_value(before.now)?, serde_json::to_value(now)?];
                changes.extend(changes_of_part("now", was, is));
            }
            $(if before.$part != *$part {
                let [was, is] = [serde_json::to_value(&before.$part)?, serde_json::to_value($part)?];
                changes.extend(changes_of_part(stringify!($part), was, is));
            })*
            Ok(changes)
        }

        fn differ(before: &DeskState, after: &DeskState) -> bool {
            before.cases != after.cases $(|| before.$part != after.$part)*
        }
    };
}

changes_of! {
    training session hub sip audio advisor view call levels notice asking kept not_kept local search
    file peaks about odds figures places devices settings settings_mended sound_test sound_tested_at
    playing number_asked exercise
}

/// What makes a part of the state into what it is now.
fn changes_of_part(name: &str, before: Value, now: Value) -> Vec<PatchOperation> {
    let path = PointerBuf::from_tokens([name]);
    let within = |part: Value| Value::Object([(name.to_owned(), part)].into_iter().collect());
    let Patch(changes) = json_patch::diff(&within(before), &within(now.clone()));
    if changes.len() < MANY {
        return changes;
    }
    vec![PatchOperation::Replace(ReplaceOperation { path, value: now })]
}

/// As [`changes_of_part`], of the list of cases.
fn changes_of_cases(before: &Cases, now: &Cases) -> serde_json::Result<Vec<PatchOperation>> {
    if before == now {
        return Ok(Vec::new());
    }
    let rows_of = |cases: &Cases| {
        cases.as_ref().and_then(|cases| cases.found.as_ref()).map(|(_, list)| Arc::clone(list))
    };
    if let (Some(was), Some(is)) = (rows_of(before), rows_of(now))
        && let Some(mut changes) = changes_of_rows(&was.rows, &is.rows)?
    {
        let [before, now] = [without_rows(before)?, without_rows(now)?];
        changes.extend(changes_of_part("cases", before, now));
        return Ok(changes);
    }
    let path = PointerBuf::from_tokens(["cases"]);
    Ok(vec![PatchOperation::Replace(ReplaceOperation { path, value: serde_json::to_value(now)? })])
}

/// The list of cases with what stands around the rows, and none of them.
fn without_rows(cases: &Cases) -> serde_json::Result<Value> {
    let mut bare = (**cases).clone();
    if let Some((_, list)) = bare.as_mut().and_then(|cases| cases.found.as_mut()) {
        let CaseList { total, from, rows: _, counts } = **list;
        *list = Arc::new(CaseList { total, from, rows: Vec::new(), counts });
    }
    serde_json::to_value(bare)
}

/// What makes a list's rows into what they are now: rows that go, come and change, in this order.
/// `None` when that is much, or when rows have changed places.
fn changes_of_rows(
    before: &[CaseRow],
    now: &[CaseRow],
) -> serde_json::Result<Option<Vec<PatchOperation>>> {
    let at = |n: usize| {
        let n = n.to_string();
        PointerBuf::from_tokens(ROWS.into_iter().chain([n.as_str()]))
    };
    let stay: BTreeSet<_> = now.iter().map(|row| &row.number).collect();
    let mut changes = Vec::new();
    for (n, row) in before.iter().enumerate().rev() {
        if !stay.contains(&row.number) {
            changes.push(PatchOperation::Remove(RemoveOperation { path: at(n) }));
        }
    }
    let mut left = before.iter().filter(|row| stay.contains(&row.number)).peekable();
    for (n, row) in now.iter().enumerate() {
        let told = || serde_json::to_value(row);
        match left.next_if(|old| old.number == row.number) {
            Some(old) if old == row => {}
            Some(_) => changes
                .push(PatchOperation::Replace(ReplaceOperation { path: at(n), value: told()? })),
            None => {
                changes.push(PatchOperation::Add(AddOperation { path: at(n), value: told()? }));
            }
        }
        if changes.len() >= MANY {
            return Ok(None);
        }
    }
    Ok(left.next().is_none().then_some(changes))
}

#[cfg(test)]
impl Packet {
    /// Does what a window does with it.
    pub(crate) fn lay_over(self, window: &mut Value) {
        match self {
            Self::Whole(state) => *window = serde_json::to_value(state).expect("JSON"),
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use siaga_model::{Caller, CaseNumber, Timestamp};

    fn row(running: u32, kind: u8) -> CaseRow {
        let mut row: CaseRow = serde_json::from_value(serde_json::json!({
            "number": "110-PMJ-261127-000001", "call": "01JDK000000000000000000000",
            "opened_at": 0, "caller": Caller::default(), "kind": "", "place": "",
            "area_code": "", "priority": "P3", "validity": "valid", "status": "open",
            "unit": "pmj", "disposition": null, "opened_by": "pmj-1", "follow_up": null,
        }))
        .expect("a row");
        row.number = CaseNumber::new("PMJ", 261_127, running).expect("a number");
        row.kind = kind.to_string();
        row
    }

    fn listed(rev: u64, rows: &[(u32, u8)]) -> Arc<DeskState> {
        let rows: Vec<_> = rows.iter().map(|(running, kind)| row(*running, *kind)).collect();
        let query: CasesQuery = serde_json::from_value(serde_json::json!({
            "filter": "reports", "since": 0, "from": 0, "count": 200,
        }))
        .expect("a query");
        let total = u32::try_from(rows.len()).expect("few");
        let list = CaseList { total, rows, ..CaseList::default() };
        let looked = Looked {
            asked: query.clone(),
            found: Some((query, Arc::new(list))),
            as_of: Some(Timestamp(i64::try_from(rev).expect("few"))),
            failed: None,
        };
        Arc::new(DeskState { rev, cases: Slice::new(Some(looked)), ..DeskState::default() })
    }

    #[test]
    fn a_new_report_and_one_that_has_changed_cost_their_rows_and_not_the_list() {
        let rows: Vec<(u32, u8)> = (0..200).rev().map(|n| (n, 0)).collect();
        let mut later = rows.clone();
        later.insert(0, (200, 0));
        later.truncate(200);
        later[7].1 = 1;
        let mut packer = Packer::default();
        packer.pack(listed(1, &rows)).expect("JSON");
        let packet = packer.pack(listed(2, &later)).expect("JSON");
        let rows = "/cases/found/1/rows";
        let changed = [
            format!("{rows}/199"),
            format!("{rows}/0"),
            format!("{rows}/7"),
            "/cases/as_of".to_owned(),
        ];
        assert_eq!(packet.changed(), changed);
    }

    proptest! {
        #[test]
        fn a_window_has_the_list_that_the_desk_has_however_its_rows_come_and_go(
            lists in prop::collection::vec(prop::collection::vec((0u32..60, 0u8..3), 0..70), 1..8),
        ) {
            let (mut packer, mut window) = (Packer::default(), Value::Null);
            for (rev, mut rows) in (1..).zip(lists) {
                let mut seen = BTreeSet::new();
                rows.retain(|(number, _)| seen.insert(*number));
                // As often in order as not.
                if rev % 2 == 0 {
                    rows.sort_unstable();
                }
                let state = listed(rev, &rows);
                packer.pack(Arc::clone(&state)).expect("JSON").lay_over(&mut window);
                prop_assert_eq!(&window, &serde_json::to_value(&state).expect("JSON"));
            }
        }
    }
}
