//! Headless audio: what an operator says comes from a WAV file, what the operator hears goes to
//! one.

use crate::resample::to_48k;
use crate::{AudioIn, AudioOut, Decimator, FRAME, Frame};
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

/// A sound file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FileAudioError {
    /// Not there, not readable, or not a WAV file that is understood.
    #[error("cannot read the sound file {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: hound::Error,
    },
    /// There is no sound in it.
    #[error("the sound file {path} is empty")]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// Could not be created or written.
    #[error("cannot write the sound file {path}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: hound::Error,
    },
}

/// What follows the end of a sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterEnd {
    /// Silence for ever.
    Silence,
    /// The sound again.
    Loop,
}

/// Plays a sound as if it came from a microphone.
pub struct FileAudioIn {
    samples: Vec<i16>,
    at: usize,
    after_end: AfterEnd,
}

impl FileAudioIn {
    /// A WAV file of any rate; several channels are averaged.
    ///
    /// # Errors
    /// When it cannot be read or holds nothing.
    pub fn open(path: impl AsRef<Path>, after_end: AfterEnd) -> Result<Self, FileAudioError> {
        Ok(Self::from_samples(read_wav(path)?, after_end))
    }

    /// Samples of 48 kHz mono.
    pub fn from_samples(samples: Vec<i16>, after_end: AfterEnd) -> Self {
        Self { samples, at: 0, after_end }
    }

    /// Nothing but silence.
    pub fn silence() -> Self {
        Self::from_samples(Vec::new(), AfterEnd::Silence)
    }

    /// Whether all of it was pulled (never true for a sound that loops).
    pub fn ended(&self) -> bool {
        self.at >= self.samples.len()
    }
}

impl AudioIn for FileAudioIn {
    fn pull(&mut self) -> Frame {
        let mut frame = [0; FRAME];
        let mut filled = 0;
        while filled < FRAME && !self.ended() {
            let take = (FRAME - filled).min(self.samples.len() - self.at);
            frame[filled..filled + take].copy_from_slice(&self.samples[self.at..self.at + take]);
            filled += take;
            self.at += take;
            if self.ended() && self.after_end == AfterEnd::Loop {
                self.at = 0;
            }
        }
        frame
    }
}

/// Reads a WAV file of any rate, format and number of channels as 48 kHz mono.
///
/// # Errors
/// When it cannot be read or holds nothing.
pub fn read_wav(path: impl AsRef<Path>) -> Result<Vec<i16>, FileAudioError> {
    let path = path.as_ref();
    let read = |source| FileAudioError::Read { path: path.to_owned(), source };
    let mut reader = hound::WavReader::open(path).map_err(read)?;
    let spec = reader.spec();
    let full = match spec.sample_format {
        hound::SampleFormat::Float => 1.0,
        hound::SampleFormat::Int => 2_f32.powi(i32::from(spec.bits_per_sample) - 1),
    };
    let samples: Result<Vec<f32>, _> = match spec.sample_format {
        hound::SampleFormat::Float => reader.samples::<f32>().collect(),
        hound::SampleFormat::Int => {
            reader.samples::<i32>().map(|sample| sample.map(|s| s as f32)).collect()
        }
    };
    let mono = samples
        .map_err(read)?
        .chunks_exact(usize::from(spec.channels.max(1)))
        .map(|all| {
            let mean = all.iter().sum::<f32>() / all.len() as f32;
            crate::resample::to_i16(mean / full * 32_768.0)
        })
        .collect::<Vec<i16>>();
    if mono.is_empty() || spec.sample_rate == 0 {
        return Err(FileAudioError::Empty { path: path.to_owned() });
    }
    Ok(to_48k(mono, spec.sample_rate))
}

/// Writes what is pushed to a WAV file of 16 kHz mono. The file's length is right after every
/// second and when it is dropped or [finished](Self::finish).
pub struct FileAudioOut {
    path: PathBuf,
    /// None after the disk failed: a call goes on without its file.
    writer: Option<hound::WavWriter<BufWriter<File>>>,
    failed: Option<hound::Error>,
    decimator: Decimator,
    frames: u64,
}

impl FileAudioOut {
    /// Frames after which the header is brought up to date: 1 s.
    const FLUSH_FRAMES: u64 = 50;

    /// Creates the file, over one that exists.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn create(path: impl Into<PathBuf>) -> Result<Self, FileAudioError> {
        let path = path.into();
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 16_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        match hound::WavWriter::create(&path, spec) {
            Ok(writer) => Ok(Self {
                path,
                writer: Some(writer),
                failed: None,
                decimator: Decimator::new(),
                frames: 0,
            }),
            Err(source) => Err(FileAudioError::Write { path, source }),
        }
    }

    /// Frames of 20 ms taken so far.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Completes the file.
    ///
    /// # Errors
    /// When the disk failed, now or at any frame before.
    pub fn finish(mut self) -> Result<PathBuf, FileAudioError> {
        let path = self.path.clone();
        let result = match (self.failed.take(), self.writer.take()) {
            (Some(source), _) => Err(source),
            (None, Some(writer)) => writer.finalize(),
            (None, None) => Ok(()),
        };
        result.map(|()| path.clone()).map_err(|source| FileAudioError::Write { path, source })
    }
}

impl AudioOut for FileAudioOut {
    fn push(&mut self, frame: &Frame) {
        let samples = self.decimator.run(frame);
        self.frames += 1;
        let Some(writer) = &mut self.writer else { return };
        let flush = self.frames.is_multiple_of(Self::FLUSH_FRAMES);
        let written = samples
            .iter()
            .try_for_each(|&sample| writer.write_sample(sample))
            .and_then(|()| if flush { writer.flush() } else { Ok(()) });
        if let Err(error) = written {
            tracing::warn!(path = %self.path.display(), %error, "a sound file could not be written");
            self.failed = Some(error);
            self.writer = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sound_is_played_once_and_then_silence() {
        let mut once = FileAudioIn::from_samples(vec![7; FRAME + 10], AfterEnd::Silence);
        assert_eq!(once.pull(), [7; FRAME]);
        let rest = once.pull();
        assert_eq!((&rest[..10], &rest[10..]), (&[7; 10][..], &[0; FRAME - 10][..]));
        assert!(once.ended());
        assert_eq!(once.pull(), [0; FRAME]);
    }

    #[test]
    fn a_sound_that_loops_has_no_seam() {
        let mut looped = FileAudioIn::from_samples((0..700).collect::<Vec<i16>>(), AfterEnd::Loop);
        let heard: Vec<i16> = (0..3).flat_map(|_| looped.pull()).collect();
        assert!(heard.iter().enumerate().all(|(n, &s)| s == (n % 700) as i16));
    }

    #[test]
    fn what_is_pushed_can_be_read_back_as_it_sounded() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("heard.wav");
        let mut out = FileAudioOut::create(&path).expect("created");
        let tone: Vec<i16> = (0..100 * FRAME)
            .map(|n| (9000.0 * (n as f64 * 440.0 / 48_000.0 * std::f64::consts::TAU).sin()) as i16)
            .collect();
        for frame in tone.chunks_exact(FRAME) {
            out.push(frame.try_into().expect("a frame"));
        }
        out.finish().expect("written");
        let spec = hound::WavReader::open(&path).expect("a WAV file").spec();
        assert_eq!((spec.sample_rate, spec.channels), (16_000, 1));
        let back = read_wav(&path).expect("readable");
        assert_eq!(back.len(), tone.len());
        // The decimator is 60 samples late, give or take what the way back to 48 kHz adds.
        let worst = |late: usize| (4800..90_000).map(|n| (back[n + late] - tone[n]).abs()).max();
        let best = (58..=62).filter_map(worst).min().expect("samples");
        assert!(best < 300, "off by {best}");
    }

    #[test]
    fn a_file_that_is_no_sound_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.wav");
        assert!(matches!(read_wav(&path), Err(FileAudioError::Read { .. })));
        std::fs::write(&path, "not a sound").expect("written");
        assert!(matches!(
            FileAudioIn::open(&path, AfterEnd::Loop),
            Err(FileAudioError::Read { .. })
        ));
    }
}
