//! What Asterisk recorded: two raw files of a call, made one sealed Ogg Opus file.

use super::upsample::{RAW_FRAME, Upsampler};
use crate::names;
use siaga_model::{CallId, Timestamp};
use siaga_recording::{Recorder, RecorderOptions, RecordingError, Seal};
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

/// The endings of the two files: what the caller sends, what the caller is sent. 16-bit samples in the
/// order of the machine (little-endian wherever Asterisk runs), 16 kHz, no header: a killed Asterisk
/// leaves nothing that is damaged.
const FROM_CALLER: &str = ".rx.sln16";
const TO_CALLER: &str = ".tx.sln16";
/// Folder in which a file is made; it is moved when it is whole.
const MAKING: &str = "making";

/// The raw files of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Raw {
    pub(super) call: CallId,
    /// When its first sample was taken.
    pub(super) started_at: Timestamp,
    from_caller: PathBuf,
    to_caller: PathBuf,
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
    })
}

impl Raw {
    /// How long both are together, in bytes. What is not there has none.
    pub(super) fn bytes(&self) -> u64 {
        [&self.from_caller, &self.to_caller]
            .into_iter()
            .map(|path| std::fs::metadata(path).map_or(0, |found| found.len()))
            .sum()
    }

    /// Makes the recording, seals it, and removes the raw files. Blocks: an hour takes some seconds.
    pub(super) fn seal(&self, recordings: &Path) -> Result<Option<Seal>, SealFault> {
        if self.bytes() == 0 {
            // The caller was gone before a sample came.
            self.remove()?;
            return Ok(None);
        }
        let making = recordings.join(MAKING);
        std::fs::create_dir_all(&making)?;
        let path = making.join(format!("{}-{}.part", self.call, self.started_at.0));
        match std::fs::remove_file(&path) {
            Ok(()) => tracing::info!(call = %self.call, "a recording is made once more"),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
        let mut seal = match self.encode(&path) {
            Ok(seal) => seal,
            Err(fault) => {
                // Room on a full disk; what it was made of is still there.
                let _ = std::fs::remove_file(&path);
                return Err(fault);
            }
        };
        let place = free_place(recordings, self.call);
        std::fs::rename(&path, &place)?;
        File::open(recordings)?.sync_all()?;
        seal.file = place;
        self.remove()?;
        Ok(Some(seal))
    }

    fn encode(&self, path: &Path) -> Result<Seal, SealFault> {
        let options = RecorderOptions { call: self.call, started_at: self.started_at };
        let mut recorder = Recorder::create(path, options)?;
        let mut left = Side::open(&self.from_caller)?;
        let mut right = Side::open(&self.to_caller)?;
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
        for path in [&self.to_caller, &self.from_caller] {
            match std::fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }
}

/// Where nothing is yet: a call has one recording, unless it was recorded by two Asterisks.
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
    file: Option<BufReader<File>>,
    upsampler: Upsampler,
}

impl Side {
    fn open(path: &Path) -> io::Result<Self> {
        let file = match File::open(path) {
            Ok(file) => Some(BufReader::with_capacity(64 * 1024, file)),
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
        let seal = found[0].seal(dir.path()).unwrap().unwrap();
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
        assert!(found[0].seal(dir.path()).unwrap().is_some());
    }

    #[test]
    fn a_caller_who_was_gone_at_once_leaves_no_recording() {
        let dir = tempfile::tempdir().unwrap();
        let raw = dir.path().join(names::RAW);
        write(&raw, "1795729834.1_1795729834415.rx.sln16", 0, 0);
        let found = find(dir.path()).unwrap();
        assert_eq!(found[0].seal(dir.path()).unwrap(), None);
        assert!(find(dir.path()).unwrap().is_empty());
    }
}
