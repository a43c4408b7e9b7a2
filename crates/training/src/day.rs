//! A day with thousands of reports, for whoever wants to see a desk that has them all.

use crate::stage::Stage;
use siaga_hub_store::{CallEnd, Write};
use siaga_model::{
    CallFacts, CallId, Caller, CallerStatus, Case, CaseNumber, CaseStatus, Disposition, EndedBy,
    Form, Priority, SeatId, Timestamp, UnitId, Validity,
};
use std::time::{SystemTime, UNIX_EPOCH};

/// How many are stored at once.
const BATCH: u32 = 500;

/// From one report to the next.
const APART_MS: i64 = 8_000;

/// What they are about, by turns.
const TOLD: [&str; 5] = [
    "Plp lapor motor hilang di parkiran minimarket, pelaku dua orang.",
    "Plp lapor laka lantas, pengendara sadar, lalin macet.",
    "Plp lapor ribut tetangga, musik keras sampai malam.",
    "Plp lapor pohon tumbang menutup jalan, tidak ada korban.",
    "Plp lapor orang mencurigakan di depan toko emas.",
];

/// Stores so many reports at the hub of a stage, each a little before the next, the last one a moment
/// ago. Invented ones, under another Polda's code: the hub gives its own numbers itself.
///
/// # Errors
/// When the store does not take them.
pub async fn fill_the_day(stage: &Stage, count: u32) -> anyhow::Result<()> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
    let seat: SeatId = "pmj-3".parse().expect("a seat");
    let unit: UnitId = "pmj.jaksel".parse().expect("a unit");
    for from in (0..count).step_by(BATCH as usize) {
        let batch: Vec<Write> = (from..(from + BATCH).min(count))
            .flat_map(|n| {
                let at = Timestamp(now - i64::from(count - n) * APART_MS);
                report(n, at, &seat, &unit)
            })
            .collect();
        stage.hub.store().apply(&batch).await?;
    }
    Ok(())
}

fn report(n: u32, at: Timestamp, seat: &SeatId, unit: &UnitId) -> [Write; 3] {
    let milliseconds = u64::try_from(at.0).unwrap_or_default();
    let call = CallId::from_parts(milliseconds, u128::from(n));
    let number = format!("08220001{n:04}").into();
    let caller = Caller { number, status: CallerStatus::Claimed };
    let form = Form {
        location: format!("Jl. Contoh {}, Tebet", n % 300).into(),
        narrative: TOLD[n as usize % TOLD.len()].to_owned().into(),
        kind: "pelaporan/lain".to_owned(),
        ..Form::default()
    };
    let case = Case {
        number: CaseNumber::new("UJI", 261_123, n).expect("in range"),
        call,
        form,
        validity: Validity::Valid,
        priority: Priority::P3,
        unit: Some(unit.clone()),
        disposition: Some(Disposition::HandledHere),
        status: CaseStatus::Closed,
        opened_by: seat.clone(),
        opened_at: at,
        closed_at: Some(at),
    };
    let facts = CallFacts { caller, arrived_at: at, ..CallFacts::default() };
    let end = CallEnd { call, by: EndedBy::Closing, disposition: Disposition::HandledHere, at };
    [Write::CallArrived { call, facts }, Write::CaseOpened(case), Write::CallEnded(end)]
}
