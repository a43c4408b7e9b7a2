//! One call of a plugin on a fresh instance, beside the same rules natively.
//!
//! `cargo bench -p siaga-plugin-host`; the ratio and the percentiles are printed at the end.

#![allow(missing_docs, clippy::unwrap_used)]

use criterion::Criterion;
use siaga_model::{CallFacts, Form, Intake, Point, Timestamp};
use siaga_plugin_host::{Advisor, BuiltInGazetteer, Gazetteer, Limits, PluginHost};
use siaga_plugin_sdk::places::{Place, PlaceKind, Places};
use siaga_plugin_sdk::samples;
use std::hint::black_box;
use std::path::PathBuf;
use std::time::Instant;

const WHERE: &str = "Kelapa Dua, dekat Brimob, Depok";
const WHAT: &str = "Kebakaran rmh tinggal kelapa dua dkt mako brimob, api besar, ada lansia terjebak \
                    di lt 2. Damkar sdh ditlp tp blm dtg.";
const NOW: Timestamp = Timestamp(samples::MORNING);
const CALLS: usize = 20_000;

/// The host's gazetteer without a component in between.
struct Native(BuiltInGazetteer);

fn native(place: siaga_plugin_host::Place) -> Place {
    Place {
        name: place.name,
        code: place.code,
        kind: match place.kind {
            siaga_plugin_host::PlaceKind::Region => PlaceKind::Region,
            siaga_plugin_host::PlaceKind::Kecamatan => PlaceKind::Kecamatan,
            siaga_plugin_host::PlaceKind::Kelurahan => PlaceKind::Kelurahan,
            siaga_plugin_host::PlaceKind::Landmark => PlaceKind::Landmark,
        },
        within: place.within,
        unit: place.unit.into(),
        words: place.words,
        score: place.score,
    }
}

impl Places for Native {
    fn by_name(&self, words: &str) -> Vec<Place> {
        self.0.by_name(words).into_iter().map(native).collect()
    }

    fn by_point(&self, at: siaga_plugin_sdk::types::Point) -> Vec<Place> {
        self.0.by_point(Point { lat: at.lat, lng: at.lng }).into_iter().map(native).collect()
    }

    fn by_code(&self, code: &str) -> Option<Place> {
        self.0.by_code(code).map(native)
    }

    fn neighbours(&self, unit: &str) -> Vec<String> {
        self.0.neighbours(unit).into_iter().map(String::from).collect()
    }
}

fn main() {
    let folder = std::env::var_os("SIAGA_PLUGINS").map_or_else(
        || std::env::current_exe().unwrap().ancestors().nth(3).unwrap().join("plugins"),
        PathBuf::from,
    );
    let host = PluginHost::new(Limits::default()).unwrap();
    let load = |name: &str| Some(host.load(&folder.join(format!("{name}.wasm"))).unwrap());
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
    let places = Native(BuiltInGazetteer::new());

    let mut criterion = Criterion::default().configure_from_args();
    criterion.bench_function("assess, fresh instance", |bench| {
        bench.iter(|| validity.advise(black_box(&call), &[], 1, NOW));
    });
    criterion.bench_function("assess, native", |bench| {
        bench.iter(|| validitas_dasar::assess(black_box(&plain), &[]));
    });
    criterion.bench_function("route, fresh instance", |bench| {
        bench.iter(|| routing.advise(black_box(&call), &[], 1, NOW));
    });
    criterion.bench_function("route, native", |bench| {
        bench.iter(|| rute_metro_jaya::route(black_box(&plain), &places));
    });
    criterion.final_summary();

    report(
        "validitas-dasar",
        &mut || drop(black_box(validity.advise(&call, &[], 1, NOW))),
        &mut || {
            drop(black_box(validitas_dasar::assess(&plain, &[])));
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
