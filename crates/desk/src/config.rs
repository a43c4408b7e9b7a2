//! How a desk is set up.

use crate::training::Coach;
use siaga_audio_devices::{
    AfterEnd, AudioIn, AudioOut, FileAudioError, FileAudioIn, FileAudioOut, Selection,
};
use siaga_media::MediaConfig;
use siaga_plugin_host::Limits;
use std::path::{Path, PathBuf};

/// Where the operator's voice comes from and goes to.
pub enum AudioChoice {
    /// Sound cards.
    Devices(Selection),
    /// Files, a simulated operator, silence.
    Given {
        /// In place of a microphone.
        input: Box<dyn AudioIn>,
        /// In place of a loudspeaker.
        output: Box<dyn AudioOut>,
        /// What is shown as the device's name.
        name: String,
    },
}

impl AudioChoice {
    /// Says what is in the WAV file `said`, over and over, and writes what is heard to `heard`.
    ///
    /// # Errors
    /// When one of them cannot be read or made.
    pub fn files(said: &Path, heard: &Path) -> Result<Self, FileAudioError> {
        Ok(Self::Given {
            input: Box::new(FileAudioIn::open(said, AfterEnd::Loop)?),
            output: Box::new(FileAudioOut::create(heard)?),
            name: said.display().to_string(),
        })
    }
}

/// How a desk is set up.
pub struct DeskConfig {
    /// Where voice comes from and goes to.
    pub audio: AudioChoice,
    /// Folder of this desk's own files (plugins by hash); made if missing.
    pub data_dir: PathBuf,
    /// Addresses and codec settings of the media.
    pub media: MediaConfig,
    /// What a plugin may use up.
    pub limits: Limits,
    /// Whether the window says that this is training.
    pub training: bool,
    /// The exercise behind this desk, if it is one with lessons.
    pub coach: Option<Coach>,
}

impl DeskConfig {
    /// For a hub and a switch on this machine, which offer no other way.
    pub fn on_this_machine(self) -> Self {
        Self { media: MediaConfig::loopback(), ..self }
    }
}
