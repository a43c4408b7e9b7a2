//! What Asterisk recorded: two raw files of a call, made one sealed Ogg Opus file.

use super::upsample::{RAW_FRAME, Upsampler};
use crate::names;
use siaga_model::{CallId, Timestamp};
use siaga_recording::{Recorder, RecorderOptions, RecordingError, Seal};
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// The endings of the two files: what the caller sends, what the caller is sent. 16-bit samples in the
/// order of the machine (little-endian wherever Asterisk runs), 16 kHz, no header: a killed Asterisk
/// leaves nothing that is damaged.
const FROM_CALLER: &str = ".rx.sln16";
const TO_CALLER: &str = ".tx.sln16";
/// Beside them, when the disk refused for a while: how long both were then, a line for each time.
const HOLES: &str = ".holes";
/// Folder in which a file is made; it is moved when it is whole.
const MAKING: &str = "making";
/// Bytes of a second of one side.
const SECOND: u64 = 32_000;
/// A file that is written and removed to see whether the disk takes what MixMonitor hands it at once.
const PROBE: &str = "probe";
const PROBE_BYTES: usize = 32 * 1024;

/// The raw files of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Raw {
    pub(super) call: CallId,
    /// When its first sample was taken.
    pub(super) started_at: Timestamp,
    from_caller: PathBuf,
    to_caller: PathBuf,
    holes: PathBuf,
}

/// How long both files are, in bytes: from the caller, to the caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sizes {
    pub(super) from_caller: u64,
    pub(super) to_caller: u64,
}

impl Sizes {
    pub(super) fn both(self) -> u64 {
        self.from_caller + self.to_caller
    }
}

/// Whether the disk of the recordings takes what is written to it.
pub(super) fn probe(recordings: &Path) -> io::Result<()> {
    let path = recordings.join(names::RAW).join(PROBE);
    let written = std::fs::write(&path, [0; PROBE_BYTES]);
    let removed = std::fs::remove_file(&path);
    written.and(removed)
}

/// Why raw files could not be made a recording. They stay.
#[derive(Debug, thiserror::Error)]
pub(super) enum SealFault {
    #[error("raw files cannot be read or moved: {0}")]
    Io(#[from] io::Error),
    #[error(transparent)]
    Recording(#[from] RecordingError),
}

/// Every call's raw files in the folder of recordings, oldest first.
pub(super) fn find(recordings: &Path) -> io::Result<Vec<Raw>> {
    let folder = recordings.join(names::RAW);
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        if let Some(raw) = name.to_str().and_then(|name| named(&folder, name)) {
            found.push(raw);
        }
    }
    found.sort_by_key(|raw| raw.started_at);
    Ok(found)
}

/// `CHANNEL_MILLISECONDS.rx.sln16`, which stands for both.
fn named(folder: &Path, name: &str) -> Option<Raw> {
    let stem = name.strip_suffix(FROM_CALLER)?;
    let (channel, started_at) = stem.rsplit_once('_')?;
    Some(Raw {
        call: names::leg_of_channel(channel)?.call,
        started_at: Timestamp(started_at.parse().ok()?),
        from_caller: folder.join(name),
        to_caller: folder.join(format!("{stem}{TO_CALLER}")),
        holes: folder.join(format!("{stem}{HOLES}")),
    })
}

impl Raw {
    /// How long both are. What is not there has no bytes.
    pub(super) fn sizes(&self) -> Sizes {
        let size = |path| std::fs::metadata(path).map_or(0, |found: std::fs::Metadata| found.len());
        Sizes { from_caller: size(&self.from_caller), to_caller: size(&self.to_caller) }
    }

    /// Notes that nothing was written for a while when both files were so long. Each buffer that the
    /// disk refused is lost to both files at once, so what follows has one clock again.
    pub(super) fn note_hole(&self, at: Sizes) -> io::Result<()> {
        let mut file = OpenOptions::new().create(true).append(true).open(&self.holes)?;
        writeln!(file, "{} {}", at.from_caller, at.to_caller)
    }

    fn holes(&self) -> io::Result<Vec<Sizes>> {
        let text = match std::fs::read_to_string(&self.holes) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let sizes = text.lines().filter_map(|line| {
            let (from_caller, to_caller) = line.split_once(' ')?;
            let (from_caller, to_caller) = (from_caller.parse().ok()?, to_caller.parse().ok()?);
            Some(Sizes { from_caller, to_caller })
        });
        Ok(sizes.collect())
    }

    /// What lies between two holes, each with the time of its first sample.
    fn parts(&self) -> io::Result<Vec<Part>> {
        let mut parts = Vec::new();
        let (mut from, mut started_at) = (Sizes::default(), self.started_at);
        for hole in self.holes()? {
            parts.push(Part { from, to: Some(hole), started_at });
            from = hole;
            started_at = self.was_at(hole);
        }
        parts.push(Part { from, to: None, started_at });
        Ok(parts)
    }

    /// When the sample behind this hole was taken: what follows it was written until the file's end.
    fn was_at(&self, hole: Sizes) -> Timestamp {
        let written = std::fs::metadata(&self.from_caller).and_then(|found| {
            let until = found.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
            Ok((until, found.len()))
        });
        let Ok((until, bytes)) = written else { return self.started_at };
        let after = bytes.saturating_sub(hole.from_caller).saturating_mul(1_000) / SECOND;
        let millis = until.as_millis().saturating_sub(u128::from(after));
        Timestamp(i64::try_from(millis).unwrap_or_default().max(self.started_at.0))
    }

    /// Makes the recording, or one for each part when the disk refused meanwhile; seals them, and
    /// removes the raw files. Blocks: an hour takes some seconds.
    pub(super) fn seal(&self, recordings: &Path) -> Result<Vec<Seal>, SealFault> {
        let making = recordings.join(MAKING);
        let mut seals = Vec::new();
        if self.sizes().both() > 0 {
            std::fs::create_dir_all(&making)?;
            for part in self.parts()? {
                match self.make(&making, part) {
                    Ok(seal) => seals.extend(seal),
                    Err(fault) => {
                        // Room on a full disk; what they were made of is still there.
                        for seal in seals {
                            let _ = std::fs::remove_file(&seal.file);
                        }
                        return Err(fault);
                    }
                }
            }
        }
        for seal in &mut seals {
            let place = free_place(recordings, self.call);
            std::fs::rename(&seal.file, &place)?;
            seal.file = place;
        }
        File::open(recordings)?.sync_all()?;
        self.remove()?;
        Ok(seals)
    }

    /// Makes and seals one part; `None` when there is nothing in it.
    fn make(&self, making: &Path, part: Part) -> Result<Option<Seal>, SealFault> {
        if part.to.unwrap_or_else(|| self.sizes()) == part.from {
            return Ok(None);
        }
        let path = making.join(format!("{}-{}.part", self.call, part.started_at.0));
        match std::fs::remove_file(&path) {
            Ok(()) => tracing::info!(call = %self.call, "a recording is made once more"),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
        let sealed = self.encode(&path, part);
        if sealed.is_err() {
            let _ = std::fs::remove_file(&path);
        }
        sealed.map(Some)
    }

    fn encode(&self, path: &Path, part: Part) -> Result<Seal, SealFault> {
        let options = RecorderOptions { call: self.call, started_at: part.started_at };
        let mut recorder = Recorder::create(path, options)?;
        let until = |side: fn(Sizes) -> u64| part.to.map_or(u64::MAX, side);
        let mut left =
            Side::open(&self.from_caller, part.from.from_caller, until(|sizes| sizes.from_caller))?;
        let mut right =
            Side::open(&self.to_caller, part.from.to_caller, until(|sizes| sizes.to_caller))?;
        loop {
            let (from_caller, to_caller) = (left.next()?, right.next()?);
            if from_caller.is_none() && to_caller.is_none() {
                break;
            }
            let frame = |side: &mut Side, raw: Option<[i16; RAW_FRAME]>| {
                side.upsampler.push(&raw.unwrap_or([0; RAW_FRAME]))
            };
            let (l, r) = (frame(&mut left, from_caller), frame(&mut right, to_caller));
            recorder.write(&l, &r)?;
        }
        Ok(recorder.finish()?)
    }

    fn remove(&self) -> io::Result<()> {
        for path in [&self.to_caller, &self.from_caller, &self.holes] {
            match std::fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }
}

/// What was recorded without a hole.
#[derive(Clone, Copy)]
struct Part {
    from: Sizes,
    /// `None`: to the end.
    to: Option<Sizes>,
    started_at: Timestamp,
}

/// Where nothing is yet: a call has one recording, unless its disk was full for a while or it was recorded
/// by two Asterisks.
fn free_place(recordings: &Path, call: CallId) -> PathBuf {
    let name = |n: u32| match n {
        1 => format!("{call}.opus"),
        n => format!("{call}-{n}.opus"),
    };
    let taken = |path: &PathBuf| path.exists();
    let places = (1..=u32::MAX).map(|n| recordings.join(name(n)));
    places.into_iter().find(|path| !taken(path)).unwrap_or_else(|| recordings.join(name(1)))
}

/// One direction.
struct Side {
    file: Option<BufReader<io::Take<File>>>,
    upsampler: Upsampler,
}

impl Side {
    /// From this byte to that one.
    fn open(path: &Path, from: u64, to: u64) -> io::Result<Self> {
        let file = match File::open(path) {
            Ok(mut file) => {
                file.seek(SeekFrom::Start(from))?;
                Some(BufReader::with_capacity(64 * 1024, file.take(to.saturating_sub(from))))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        Ok(Self { file, upsampler: Upsampler::new() })
    }

    /// The next 20 ms; the last ones may be short and are filled up with silence.
    fn next(&mut self) -> io::Result<Option<[i16; RAW_FRAME]>> {
        let Some(file) = &mut self.file else { return Ok(None) };
        let mut bytes = [0; RAW_FRAME * 2];
        let mut read = 0;
        while read < bytes.len() {
            match file.read(&mut bytes[read..])? {
                0 => break,
                n => read += n,
            }
        }
        if read < 2 {
            return Ok(None);
        }
        let mut frame = [0; RAW_FRAME];
        for (sample, pair) in frame.iter_mut().zip(bytes[..read].chunks_exact(2)) {
            *sample = i16::from_le_bytes([pair[0], pair[1]]);
        }
        Ok(Some(frame))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use siaga_media::frame::rms_dbfs;

    fn write(folder: &Path, name: &str, samples: usize, value: i16) {
        std::fs::create_dir_all(folder).unwrap();
        let wave = |n: usize| if n % 32 < 16 { value } else { -value };
        let bytes: Vec<u8> = (0..samples).flat_map(|n| wave(n).to_le_bytes()).collect();
        std::fs::write(folder.join(name), bytes).unwrap();
    }

    #[test]
    fn two_raw_files_become_one_sealed_recording_with_each_side_in_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let raw = dir.path().join(names::RAW);
        write(&raw, "1795729834.1_1795729834415.rx.sln16", 16_000, 3_000);
        // Killed in the middle of a write: half a second less, and an odd byte.
        write(&raw, "1795729834.1_1795729834415.tx.sln16", 8_000, 0);
        write(&raw, "not-a-recording.rx.sln16", 10, 0);
        let found = find(dir.path()).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(Some(found[0].call), names::call_of_caller("1795729834.1"));
        let [seal] = &found[0].seal(dir.path()).unwrap()[..] else { panic!("one recording") };
        assert_eq!(seal.starts_at, Timestamp(1_795_729_834_415));
        assert!((seal.seconds - 1.0).abs() < 0.001);
        seal.check(&dir.path().join(format!("{}.opus", found[0].call))).unwrap();
        let (left, right) = siaga_recording::decode(&seal.file).unwrap();
        assert!(rms_dbfs(&left) > -25.0);
        assert!(rms_dbfs(&right) < -60.0);
        assert!(find(dir.path()).unwrap().is_empty(), "the raw files are gone");
    }

    #[test]
    fn a_disk_that_refuses_loses_nothing_of_what_was_recorded() {
        let dir = tempfile::tempdir().unwrap();
        let raw = dir.path().join(names::RAW);
        write(&raw, "1795729834.1_1795729834415.rx.sln16", 16_000, 3_000);
        // A file where the folder should be.
        std::fs::write(dir.path().join(MAKING), b"").unwrap();
        let found = find(dir.path()).unwrap();
        assert!(found[0].seal(dir.path()).is_err());
        std::fs::remove_file(dir.path().join(MAKING)).unwrap();
        assert_eq!(found[0].seal(dir.path()).unwrap().len(), 1);
    }

    #[test]
    fn what_was_recorded_before_and_after_a_full_disk_are_two_recordings_at_their_own_times() {
        let dir = tempfile::tempdir().unwrap();
        let raw = dir.path().join(names::RAW);
        let stem = "1795729834.1_1795729834415";
        write(&raw, &format!("{stem}.rx.sln16"), 48_000, 3_000);
        write(&raw, &format!("{stem}.tx.sln16"), 40_001, 0);
        let found = find(dir.path()).unwrap();
        // The disk took an odd byte of one of them.
        found[0].note_hole(Sizes { from_caller: 32_000, to_caller: 16_001 }).unwrap();
        let later = UNIX_EPOCH + std::time::Duration::from_millis(1_795_729_900_000);
        File::options()
            .append(true)
            .open(raw.join(format!("{stem}.rx.sln16")))
            .and_then(|file| file.set_modified(later))
            .unwrap();
        let seals = found[0].seal(dir.path()).unwrap();
        let times: Vec<_> = seals.iter().map(|seal| (seal.starts_at.0, seal.seconds)).collect();
        assert_eq!(times, [(1_795_729_834_415, 1.0), (1_795_729_898_000, 2.0)]);
        let (left, right) = siaga_recording::decode(&seals[1].file).unwrap();
        assert!(rms_dbfs(&left) > -25.0);
        assert!(rms_dbfs(&right) < -60.0);
        assert!(std::fs::read_dir(&raw).unwrap().next().is_none(), "nothing raw is left");
    }

    #[test]
    fn a_caller_who_was_gone_at_once_leaves_no_recording() {
        let dir = tempfile::tempdir().unwrap();
        let raw = dir.path().join(names::RAW);
        write(&raw, "1795729834.1_1795729834415.rx.sln16", 0, 0);
        let found = find(dir.path()).unwrap();
        assert_eq!(found[0].seal(dir.path()).unwrap(), []);
        assert!(find(dir.path()).unwrap().is_empty());
    }
}
