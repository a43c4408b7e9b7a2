//! One call of a plugin on a fresh instance, beside the same rules natively; look-ups of the
//! gazetteer; what starting costs.
//!
//! `cargo xtask bench plugins`; the ratios and the percentiles are printed at the end.

#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../tests/native/mod.rs"]
mod native;

use criterion::Criterion;
use native::Native;
use siaga_model::{CallFacts, Form, Intake, Point, Timestamp};
use siaga_plugin_host::{Advisor, FormGazetteer, Gazetteer, Limits, PastReport, PluginHost};
use siaga_plugin_sdk::samples;
use std::hint::black_box;
use std::path::PathBuf;
use std::time::Instant;

const WHERE: &str = "Kelapa Dua, dekat Brimob, Depok";
const WHAT: &str = "Kebakaran rmh tinggal kelapa dua dkt mako brimob, api besar, ada lansia terjebak \
                    di lt 2. Damkar sdh ditlp tp blm dtg.";
const NOW: Timestamp = Timestamp(samples::MORNING);
const CALLS: usize = 20_000;

fn main() {
    let folder = std::env::var_os("SIAGA_PLUGINS").map_or_else(
        || std::env::current_exe().unwrap().ancestors().nth(3).unwrap().join("plugins"),
        PathBuf::from,
    );
    let before = resident_kib();
    let began = Instant::now();
    let places = Native(FormGazetteer::built_in());
    println!("gazetteer: made in {:.1} ms, {} KiB", millis(began), resident_kib() - before);
    let began = Instant::now();
    let host = PluginHost::new(Limits::default()).unwrap();
    println!("host with its own gazetteer: made in {:.1} ms", millis(began));
    let load = |name: &str| {
        let began = Instant::now();
        let plugin = host.load(&folder.join(format!("{name}.wasm"))).unwrap();
        println!("{name}: compiled and loaded in {:.1} ms", millis(began));
        Some(plugin)
    };
    let validity = Advisor { validity: load("validitas-dasar"), routing: None };
    let routing = Advisor { validity: None, routing: load("rute-metro-jaya") };
    let call = Intake {
        facts: CallFacts { arrived_at: NOW, ..CallFacts::default() },
        form: Form {
            location: WHERE.to_owned().into(),
            narrative: WHAT.to_owned().into(),
            ..Form::default()
        },
    };
    let plain = samples::intake(WHERE, WHAT);
    let history = history();
    let past: Vec<_> = history.iter().map(plain_past).collect();

    let mut criterion = Criterion::default().configure_from_args();
    criterion.bench_function("assess, fresh instance", |bench| {
        bench.iter(|| validity.advise(black_box(&call), &history, 1, NOW));
    });
    criterion.bench_function("assess, native", |bench| {
        bench.iter(|| validitas_dasar::assess(black_box(&plain), &past, &places));
    });
    criterion.bench_function("route, fresh instance", |bench| {
        bench.iter(|| routing.advise(black_box(&call), &[], 1, NOW));
    });
    criterion.bench_function("route, native", |bench| {
        bench.iter(|| rute_metro_jaya::route(black_box(&plain), &places));
    });
    criterion.final_summary();

    for (what, words) in
        [("a name", "Kelapa Dua"), ("a whole location", WHERE), ("a narrative", WHAT)]
    {
        let (p50, p99) = percentiles(&mut || drop(black_box(places.0.by_name(black_box(words)))));
        println!("gazetteer, {what}: p50 {p50:.1} us, p99 {p99:.1} us");
    }
    let at = Point { lat: -6.36, lng: 106.85 };
    let (p50, p99) = percentiles(&mut || drop(black_box(places.0.by_point(black_box(at)))));
    println!("gazetteer, a point: p50 {p50:.1} us, p99 {p99:.1} us");
    report(
        "validitas-dasar",
        &mut || drop(black_box(validity.advise(&call, &history, 1, NOW))),
        &mut || {
            drop(black_box(validitas_dasar::assess(&plain, &past, &places)));
        },
    );
    report(
        "rute-metro-jaya",
        &mut || drop(black_box(routing.advise(&call, &[], 1, NOW))),
        &mut || {
            drop(black_box(rute_metro_jaya::route(&plain, &places)));
        },
    );
}

/// Ten reports of the last hour, two of them near: a busy evening.
fn history() -> Vec<PastReport> {
    let elsewhere = [("Sudirman", "laka R2 vs R4, krbn luka ringan"), ("Cengkareng", "dangdutan")];
    let near = ("Kelapa Dua", "asap tebal dr rumah dkt brimob");
    (0..10)
        .map(|n| {
            let (place, what) = if n % 5 == 0 { near } else { elsewhere[n % 2] };
            PastReport {
                at: Timestamp(NOW.0 - 300_000 * n as i64),
                location: place.to_owned().into(),
                narrative: what.to_owned().into(),
                disposition: "report".to_owned(),
                case_number: format!("110-PMJ-260314-{n:06}"),
                ..PastReport::default()
            }
        })
        .collect()
}

fn plain_past(past: &PastReport) -> siaga_plugin_sdk::types::PastReport {
    siaga_plugin_sdk::types::PastReport {
        at: past.at.0,
        same_number: past.same_number,
        location: past.location.expose().clone(),
        area_code: past.area_code.clone(),
        point: None,
        kind: past.kind.clone(),
        disposition: past.disposition.clone(),
        narrative: past.narrative.expose().clone(),
        case_number: past.case_number.clone(),
    }
}

fn millis(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

/// Memory of this process; 0 where the system does not say it in a file.
fn resident_kib() -> i64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

fn report(name: &str, component: &mut dyn FnMut(), native: &mut dyn FnMut()) {
    let (c50, c99) = percentiles(component);
    let (n50, n99) = percentiles(native);
    println!(
        "{name}: fresh instance p50 {c50:.1} us, p99 {c99:.1} us; native p50 {n50:.1} us, \
         p99 {n99:.1} us; ratio of p50 {:.1}",
        c50 / n50
    );
}

fn percentiles(run: &mut dyn FnMut()) -> (f64, f64) {
    let mut took: Vec<f64> = (0..CALLS)
        .map(|_| {
            let began = Instant::now();
            run();
            began.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    took.sort_by(f64::total_cmp);
    (took[CALLS / 2], took[CALLS * 99 / 100])
}
