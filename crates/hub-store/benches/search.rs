//! How long a search over 100,000 cases takes, beside a `LIKE` over the same database in the same run.
//!
//! Prints; fails nothing.

use siaga_hub_api::SearchQuery;
use siaga_hub_store::{SqliteStore, Store, StoreError, Write};
use siaga_model::{
    CallFacts, CallId, Caller, CallerStatus, Case, CaseNumber, CaseStatus, Form, Priority, SeatId,
    Timestamp, UnitId, Validity,
};
use sqlx::{ConnectOptions, Connection};
use std::time::{Duration, Instant};

const CASES: u32 = 100_000;
const BATCH: u32 = 1_000;
const ROUNDS: u32 = 40;

/// Words that narratives are made of; the last ones are rare.
const WORDS: [&str; 16] = [
    "plp", "lihat", "motor", "mobil", "rumah", "dekat", "jalan", "orang", "malam", "api", "warga",
    "ramai", "parkiran", "pelaku", "helm", "golok",
];

/// What is searched for: a common word, two words, a rare pair, a number, a place and a word.
const SEARCHES: [&str; 6] =
    ["jalan", "motor parkiran", "golok helm", "08120004", "kelurahan 77", "tidakada"];

fn form(n: u32) -> Form {
    let word = |k: u32| {
        // A fixed shuffle: the same run gives the same texts.
        let mixed = n.wrapping_mul(2_654_435_761).rotate_left(k * 5) ^ k.wrapping_mul(40_503);
        WORDS[(mixed % 97 % 16) as usize]
    };
    let narrative: Vec<&str> = (0..24).map(word).collect();
    Form {
        location: format!("Jl. Contoh {} kelurahan {}", n % 300, n % 260).into(),
        narrative: narrative.join(" ").into(),
        reporter_name: format!("Pelapor {}", n % 5_000).into(),
        kind: "pelaporan/lain".to_owned(),
        ..Form::default()
    }
}

fn writes(n: u32, seat: &SeatId, unit: &UnitId) -> [Write; 2] {
    let call = CallId::from_parts(1_790_000_000_000 + u64::from(n), u128::from(n));
    let at = Timestamp(1_790_000_000_000 + i64::from(n) * 1_000);
    let caller = Caller { number: format!("0812{n:08}").into(), status: CallerStatus::Verified };
    let number = CaseNumber::new("PMJ", 261_123, n).expect("in range");
    let case = Case {
        number,
        call,
        form: form(n),
        validity: Validity::Valid,
        priority: Priority::P3,
        unit: Some(unit.clone()),
        disposition: None,
        status: CaseStatus::Closed,
        opened_by: seat.clone(),
        opened_at: at,
        closed_at: Some(at),
    };
    let facts = CallFacts { caller, arrived_at: at, ..CallFacts::default() };
    [Write::CallArrived { call, facts }, Write::CaseOpened(case)]
}

fn percentile(times: &mut [Duration], share: usize) -> Duration {
    times.sort_unstable();
    times[(times.len() * share / 100).min(times.len() - 1)]
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StoreError> {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("search.db");
    let store = SqliteStore::open(&file).await?;
    let seat: SeatId = "pmj-1".parse().expect("a seat");
    let units: Vec<UnitId> = ["pmj", "pmj.depok", "pmj.jaksel", "pmj.jaktim"]
        .map(|unit| unit.parse().expect("a unit"))
        .into();
    let began = Instant::now();
    for from in (0..CASES).step_by(BATCH as usize) {
        let batch: Vec<Write> = (from..(from + BATCH).min(CASES))
            .flat_map(|n| writes(n, &seat, &units[n as usize % units.len()]))
            .collect();
        store.apply(&batch).await?;
    }
    let each = began.elapsed().as_secs_f64() * 1e6 / f64::from(CASES);
    println!("{CASES} cases stored and indexed, {each:.0} µs each");
    let mut peer = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(&file)
        .connect()
        .await
        .expect("the same file");
    println!("search                    p50 ms   p99 ms   of one unit p99   LIKE ms   times");
    for text in SEARCHES {
        let query = SearchQuery { text: text.to_owned().into(), from: 0, count: 50 };
        let (mut all, mut own) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let began = Instant::now();
            store.search(&query, None).await?;
            all.push(began.elapsed());
            let began = Instant::now();
            store.search(&query, Some(&units[1])).await?;
            own.push(began.elapsed());
        }
        let began = Instant::now();
        let like = format!("%{}%", text.replace(' ', "%"));
        sqlx::query("SELECT number FROM cases WHERE form LIKE ? ORDER BY opened_at DESC")
            .bind(like)
            .fetch_all(&mut peer)
            .await
            .expect("a scan");
        let scan = began.elapsed();
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        let p50 = percentile(&mut all, 50);
        println!(
            "{text:<24} {:>8.2} {:>8.2} {:>17.2} {:>9.1} {:>7.0}",
            ms(p50),
            ms(percentile(&mut all, 99)),
            ms(percentile(&mut own, 99)),
            ms(scan),
            ms(scan) / ms(p50)
        );
    }
    peer.close().await.expect("closed");
    store.close().await;
    Ok(())
}
