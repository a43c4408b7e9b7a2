//! What a desk in another process hears, kept in files as it goes, so that `kill -9` keeps it.
//!
//! `FILE` holds the samples (48 kHz mono, 16 bit, little endian), `FILE.times` a line of JSON
//! for every moment from which they run without a break.

use crate::sound::{BREAK_SAMPLES, Heard, RATE};
use anyhow::Context;
use serde::{Deserialize, Serialize};
use siaga_audio_devices::{AudioOut, Frame};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// From when on samples came without a break.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Begin {
    /// The first of these samples.
    sample: usize,
    /// When it came, in microseconds of Unix time.
    unix_us: u64,
}

/// An ear that writes down what it hears.
pub(super) struct Track {
    samples: File,
    times: File,
    /// When this run of samples began, and how many there are.
    run: Option<(Instant, usize)>,
    /// In the file.
    length: usize,
}

fn times_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".times");
    name.into()
}

impl Track {
    /// Goes on writing at the end of these files; makes them when they are missing.
    ///
    /// # Errors
    /// When they cannot be written.
    pub(super) fn open(file: &Path) -> anyhow::Result<Self> {
        let open = |path: &Path| {
            OpenOptions::new()
                .create(true)
                .append(true)
                .open(path)
                .with_context(|| format!("opening {}", path.display()))
        };
        let samples = open(file)?;
        let length = usize::try_from(samples.metadata()?.len())? / size_of::<i16>();
        Ok(Self { samples, times: open(&times_of(file))?, run: None, length })
    }

    fn take(&mut self, now: Instant, frame: &Frame) -> std::io::Result<()> {
        let missing = self.run.map(|(began, samples)| {
            let passed = now.saturating_duration_since(began).as_micros();
            ((passed * u128::from(RATE) / 1_000_000) as usize).saturating_sub(samples)
        });
        if missing.is_none_or(|missing| missing >= BREAK_SAMPLES) {
            let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            let unix_us = u64::try_from(unix.as_micros()).unwrap_or(u64::MAX);
            let mut line = serde_json::to_vec(&Begin { sample: self.length, unix_us })?;
            line.push(b'\n');
            self.times.write_all(&line)?;
            self.run = Some((now, 0));
        }
        let bytes: Vec<u8> = frame.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        self.samples.write_all(&bytes)?;
        self.length += frame.len();
        if let Some((_, samples)) = &mut self.run {
            *samples += frame.len();
        }
        Ok(())
    }
}

impl AudioOut for Track {
    fn push(&mut self, frame: &Frame) {
        if let Err(error) = self.take(Instant::now(), frame) {
            tracing::error!(%error, "what is heard cannot be kept");
        }
    }
}

/// Reads what was heard; nothing if nobody ever did.
///
/// # Errors
/// When the files hold something else.
pub(super) fn read(file: &Path) -> anyhow::Result<Heard> {
    let mut heard = Heard::default();
    if !file.is_file() {
        return Ok(heard);
    }
    let (now, unix) = (Instant::now(), SystemTime::now().duration_since(UNIX_EPOCH)?);
    let bytes = std::fs::read(file).with_context(|| format!("reading {}", file.display()))?;
    // A desk that was killed may have left half a sample.
    heard.samples =
        bytes.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
    let times = times_of(file);
    let times =
        std::fs::read_to_string(&times).with_context(|| format!("reading {}", times.display()))?;
    let mut last: Option<Begin> = None;
    for line in times.lines() {
        let begin: Begin = serde_json::from_str(line).context("a line of times")?;
        let at = Duration::from_micros(begin.unix_us);
        match last {
            None => heard.since = now.checked_sub(unix.saturating_sub(at)),
            Some(last) => {
                let passed =
                    begin.unix_us.saturating_sub(last.unix_us) * u64::from(RATE) / 1_000_000;
                let sounded = begin.sample.saturating_sub(last.sample);
                let missing = usize::try_from(passed)?.saturating_sub(sounded);
                heard.breaks.push((begin.sample.min(heard.samples.len()), missing));
            }
        }
        last = Some(begin);
    }
    Ok(heard)
}

#[cfg(test)]
mod tests {
    use super::*;
    use siaga_media::FRAME;

    #[test]
    fn what_was_heard_is_read_back_with_its_breaks_also_of_a_desk_that_was_started_again() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("heard.raw");
        assert!(read(&file).unwrap().since.is_none());
        let start = Instant::now();
        let mut track = Track::open(&file).unwrap();
        for at in [0, 20, 40, 2_000, 2_020] {
            track.take(start + Duration::from_millis(at), &[5; FRAME]).unwrap();
        }
        drop(track);
        let mut again = Track::open(&file).unwrap();
        again.take(Instant::now(), &[6; FRAME]).unwrap();
        let heard = read(&file).unwrap();
        assert_eq!(heard.samples.len(), 6 * FRAME);
        assert_eq!(heard.samples[5 * FRAME], 6);
        let places: Vec<_> = heard.breaks.iter().map(|(at, _)| *at).collect();
        assert_eq!(places, [3 * FRAME, 5 * FRAME]);
        let since = heard.since.expect("something was heard");
        assert!(
            since.elapsed() < Duration::from_secs(60) && since >= start - Duration::from_secs(1)
        );
    }
}
