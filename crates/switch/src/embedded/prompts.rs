//! What a machine says to callers, in Indonesian: our own rendering, or a Polda's own speaker.

use siaga_call_flow::Prompt;
use siaga_media::frame::rms_dbfs;
use siaga_media::{FRAME, SAMPLE_RATE};
use siaga_recording::DecodeError;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

/// The only format of a prompt's file: Ogg Opus.
const EXTENSION: &str = "opus";
/// Nothing shorter is a sentence, nothing longer is listened to: half a second to 30 s.
const LENGTHS: std::ops::RangeInclusive<usize> =
    SAMPLE_RATE as usize / 2..=30 * SAMPLE_RATE as usize;
/// A file of 30 s comes to a tenth of this. It bounds what a wrong file can cost, in bytes.
const LARGEST_FILE: u64 = 2 * 1024 * 1024;
/// Level of the whole, dBFS rms, below which a caller would take it for silence.
const SOFTEST: f32 = -40.0;

/// Why a prompt of a Polda's own cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PromptError {
    /// The folder or a file in it cannot be read.
    #[error("a prompt cannot be read: {path}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file has a prompt's name and another format.
    #[error("a prompt must be an Ogg Opus file that ends in .opus: {path}")]
    Format {
        /// Which.
        path: PathBuf,
    },
    /// The file is not what its name says.
    #[error("a prompt is no Ogg Opus file: {path}")]
    NotOpus {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: DecodeError,
    },
    /// The file cannot be played to a caller.
    #[error("a prompt {fault}: {path}")]
    Unsuitable {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        fault: &'static str,
    },
}

/// The sound of every prompt, 48 kHz mono.
#[derive(Clone)]
pub(super) struct Prompts {
    please_wait: Arc<[i16]>,
    silence_check: Arc<[i16]>,
}

static BUILT_IN: LazyLock<Prompts> = LazyLock::new(|| Prompts {
    please_wait: shipped(include_bytes!("../../assets/please-wait.opus"), Prompt::PleaseWait),
    silence_check: shipped(include_bytes!("../../assets/silence-check.opus"), Prompt::SilenceCheck),
});

/// What the switch says for this prompt unless a Polda has put its own in place
/// ([`EmbeddedConfig::prompts`](super::EmbeddedConfig::prompts)): 48 kHz mono. For whoever has to know
/// it again by ear.
pub fn prompt_sound(prompt: Prompt) -> Arc<[i16]> {
    BUILT_IN.of(prompt).clone()
}

impl Prompts {
    /// Those that are shipped.
    pub(super) fn built_in() -> Self {
        BUILT_IN.clone()
    }

    /// Those in a folder (`please-wait.opus`, `silence-check.opus`); what is not there is ours.
    pub(super) fn from_folder(folder: &Path) -> Result<Self, PromptError> {
        let mut prompts = Self::built_in();
        let unreadable = |source| PromptError::Read { path: folder.to_owned(), source };
        for entry in std::fs::read_dir(folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            let stem = path.file_stem().and_then(|stem| stem.to_str());
            for prompt in [Prompt::PleaseWait, Prompt::SilenceCheck] {
                if stem == Some(name(prompt)) {
                    *prompts.of_mut(prompt) = read(&path)?;
                }
            }
        }
        Ok(prompts)
    }

    pub(super) fn of(&self, prompt: Prompt) -> &Arc<[i16]> {
        match prompt {
            Prompt::PleaseWait => &self.please_wait,
            Prompt::SilenceCheck => &self.silence_check,
        }
    }

    fn of_mut(&mut self, prompt: Prompt) -> &mut Arc<[i16]> {
        match prompt {
            Prompt::PleaseWait => &mut self.please_wait,
            Prompt::SilenceCheck => &mut self.silence_check,
        }
    }
}

/// The name of a prompt's file, without its ending.
fn name(prompt: Prompt) -> &'static str {
    match prompt {
        Prompt::PleaseWait => "please-wait",
        Prompt::SilenceCheck => "silence-check",
    }
}

fn shipped(file: &'static [u8], prompt: Prompt) -> Arc<[i16]> {
    let (sound, _) = siaga_recording::decode_from(file, Path::new(name(prompt)))
        .expect("a test decodes what is shipped");
    whole_frames(sound)
}

fn read(path: &Path) -> Result<Arc<[i16]>, PromptError> {
    let path_of = || path.to_owned();
    if !path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(EXTENSION)) {
        return Err(PromptError::Format { path: path_of() });
    }
    let unreadable = |source| PromptError::Read { path: path_of(), source };
    if std::fs::metadata(path).map_err(unreadable)?.len() > LARGEST_FILE {
        return Err(PromptError::Unsuitable { path: path_of(), fault: "is larger than 2 MiB" });
    }
    let (left, right) = siaga_recording::decode(path)
        .map_err(|source| PromptError::NotOpus { path: path_of(), source })?;
    // One channel comes twice, of two both count.
    let sound: Vec<i16> = left
        .iter()
        .zip(&right)
        .map(|(l, r)| ((i32::from(*l) + i32::from(*r)) / 2) as i16)
        .collect();
    if !LENGTHS.contains(&sound.len()) {
        return Err(PromptError::Unsuitable {
            path: path_of(),
            fault: "must take 0.5 to 30 seconds",
        });
    }
    if rms_dbfs(&sound) < SOFTEST {
        return Err(PromptError::Unsuitable { path: path_of(), fault: "is all but silent" });
    }
    Ok(whole_frames(sound))
}

/// Filled up with silence, so that a prompt ends where a frame ends.
fn whole_frames(mut sound: Vec<i16>) -> Arc<[i16]> {
    sound.resize(sound.len().next_multiple_of(FRAME), 0);
    sound.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shipped_can_be_heard_and_is_short_enough_for_its_purpose() {
        for (prompt, longest) in [(Prompt::PleaseWait, 14), (Prompt::SilenceCheck, 9)] {
            let sound = prompt_sound(prompt);
            assert!((-26.0..-16.0).contains(&rms_dbfs(&sound)), "{prompt:?}");
            assert!(sound.len() < longest * SAMPLE_RATE as usize, "{prompt:?}");
            assert_eq!(sound.len() % FRAME, 0);
        }
    }

    #[test]
    fn a_poldas_own_sentence_replaces_ours_and_the_other_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let own = include_bytes!("../../assets/silence-check.opus");
        std::fs::write(folder.path().join("please-wait.opus"), own).expect("written");
        std::fs::write(folder.path().join("notes.txt"), "ours").expect("written");
        let prompts = Prompts::from_folder(folder.path()).expect("usable");
        let check = prompt_sound(Prompt::SilenceCheck);
        assert_eq!(prompts.of(Prompt::PleaseWait), &check);
        assert_eq!(prompts.of(Prompt::SilenceCheck), &check);
    }

    #[test]
    fn a_file_that_is_no_prompt_is_named() {
        let with = |file: &str, bytes: &[u8]| {
            let folder = tempfile::tempdir().expect("a folder");
            std::fs::write(folder.path().join(file), bytes).expect("written");
            match Prompts::from_folder(folder.path()) {
                Ok(_) => panic!("{file} was taken"),
                Err(error) => {
                    assert!(error.to_string().ends_with(file), "{error}");
                    error
                }
            }
        };
        let ours = include_bytes!("../../assets/please-wait.opus");
        assert!(matches!(with("please-wait.wav", ours), PromptError::Format { .. }));
        assert!(matches!(with("please-wait.opus", b"hello"), PromptError::NotOpus { .. }));
        // Its headers alone.
        let short = with("silence-check.opus", &ours[..841]);
        assert!(matches!(short, PromptError::Unsuitable { .. }), "{short:?}");
        let huge = vec![0; LARGEST_FILE as usize + 1];
        assert!(matches!(with("silence-check.opus", &huge), PromptError::Unsuitable { .. }));
        assert!(matches!(
            Prompts::from_folder(Path::new("/there/is/no/such/folder")),
            Err(PromptError::Read { .. })
        ));
    }
}
