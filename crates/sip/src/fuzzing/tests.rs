//! Mutations of good and of tortured messages, the same ones in every run.

use super::{client, digest, message, server, websocket};
use rand::rngs::StdRng;
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use std::path::{Path, PathBuf};

/// The inputs of a folder of the crate or of its fuzz targets.
fn inputs(folder: &str) -> Vec<Vec<u8>> {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = std::fs::read_dir(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut paths: Vec<PathBuf> = entries.map(|e| e.unwrap().path()).collect();
    paths.sort();
    let inputs: Vec<Vec<u8>> = paths.iter().map(|p| std::fs::read(p).unwrap()).collect();
    assert!(!inputs.is_empty(), "nothing in {}", path.display());
    inputs
}

const WORDS: [&[u8]; 14] = [
    b"\r\n",
    b"\r\n\r\n",
    b"\r\n ",
    b"\0",
    b"\"",
    b"<",
    b">",
    b";tag=x",
    b"%T",
    b"%00",
    b"-1",
    b"99999999999999999999",
    b"\xff",
    b"SIP/2.0",
];

fn mutate(rng: &mut StdRng, data: &mut Vec<u8>, others: &[Vec<u8>]) {
    for _ in 0..rng.random_range(1..5) {
        if data.is_empty() {
            data.push(0);
        }
        let at = rng.random_range(0..data.len());
        match rng.random_range(0..7) {
            0 => data[at] = (rng.next_u32() & 0xff) as u8,
            1 => data[at] ^= 1 << rng.random_range(0..8),
            2 => data.truncate(at),
            3 => drop(data.remove(at)),
            4 => {
                let word = WORDS[rng.random_range(0..WORDS.len())];
                data.splice(at..at, word.iter().copied());
            }
            5 => {
                let end = (at + rng.random_range(1..60)).min(data.len());
                let piece = data[at..end].to_vec();
                data.splice(at..at, piece);
            }
            _ => {
                let other = &others[rng.random_range(0..others.len())];
                let from = rng.random_range(0..=other.len());
                data.truncate(at);
                data.extend_from_slice(&other[from..]);
            }
        }
    }
}

/// Runs one input, and shows it when it is the one.
fn try_one(data: &[u8], run: impl Fn(&[u8])) {
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(data)));
    assert!(result.is_ok(), "by this input: {:?}", String::from_utf8_lossy(data));
}

fn rounds(seed: u64, count: usize, seeds: &[Vec<u8>], run: impl Fn(&[u8])) {
    let mut rng = StdRng::seed_from_u64(seed);
    for data in seeds {
        try_one(data, &run);
    }
    for n in 0..count {
        let mut data = seeds[n % seeds.len()].clone();
        mutate(&mut rng, &mut data, seeds);
        try_one(&data, &run);
    }
}

#[test]
fn forty_thousand_mutations_of_tortured_messages_are_read_or_refused() {
    rounds(4475, 40_000, &inputs("tests/torture"), message);
}

#[test]
fn mutated_sessions_leave_the_server_with_nothing_undone() {
    rounds(110, 4_000, &inputs("../../fuzz/seeds/sip_server"), server);
}

#[test]
fn mutated_sessions_leave_the_user_agent_with_nothing_undone() {
    rounds(111, 4_000, &inputs("../../fuzz/seeds/sip_client"), client);
}

#[test]
fn mutated_proofs_are_worth_nothing() {
    let run = |data: &[u8]| {
        if let Ok(text) = std::str::from_utf8(data) {
            digest(text);
        }
    };
    rounds(112, 10_000, &inputs("../../fuzz/seeds/sip_digest"), run);
}

#[test]
fn mutated_connections_end_once() {
    rounds(113, 2_000, &inputs("../../fuzz/seeds/sip_websocket"), websocket);
}
