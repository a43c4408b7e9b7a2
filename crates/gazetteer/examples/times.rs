//! What look-ups cost: `cargo run --release -p siaga-gazetteer --example times -- TABLES`.

use siaga_gazetteer::{Gazetteer, source};
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

const CALLS: usize = 20_000;

/// 200 characters, as operators type them.
const NARRATIVE: &str = "Kelapa Dua, dekat Brimob\nKebakaran rmh tinggal kelapa dua dkt mako brimob arah \
                         Margonda, api besar, ada lansia terjebak di lt 2, plp tinggal di Cimangis. \
                         Damkar sdh ditlp tp blm dtg pak";

fn main() {
    let Some(tables) = std::env::args().nth(1) else {
        eprintln!("usage: times TABLES");
        return;
    };
    let form = match source::read(Path::new(&tables)) {
        Ok(form) => form,
        Err(faults) => {
            eprintln!("{} faults, the first: {}", faults.len(), faults[0]);
            return;
        }
    };
    let bytes = form.to_bytes();
    let before = resident_kib();
    let began = Instant::now();
    let places = Gazetteer::from_bytes(&bytes).expect("what was just written reads");
    println!("{}", places.summary());
    println!(
        "form {} KB, ready in {:.1} ms, {} KB more in memory",
        bytes.len() / 1000,
        began.elapsed().as_secs_f64() * 1e3,
        resident_kib().saturating_sub(before)
    );
    report("by-name, 200 characters", &mut || drop(black_box(places.by_name(NARRATIVE))));
    report("by-name, one name", &mut || drop(black_box(places.by_name("Kby Lama"))));
    let mut n = 0.0;
    report("by-point", &mut || {
        n += 1.0;
        drop(black_box(places.by_point(-6.2 - n * 1e-5, 106.8 + n * 1e-5)));
    });
    report("by-circle, 3 km", &mut || drop(black_box(places.by_circle(-6.355, 106.845, 3000))));
    report("neighbours of a place", &mut || {
        drop(black_box(places.neighbours("pmj.jaksel", Some((-6.33, 106.835)))));
    });
}

fn report(name: &str, run: &mut dyn FnMut()) {
    let mut took: Vec<f64> = (0..CALLS)
        .map(|_| {
            let began = Instant::now();
            run();
            began.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    took.sort_by(f64::total_cmp);
    println!("{name}: p50 {:.1} us, p99 {:.1} us", took[CALLS / 2], took[CALLS * 99 / 100]);
}

/// Memory of this process; 0 where the system does not say.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
