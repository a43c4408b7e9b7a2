//! How a desk is set up.

use siaga_audio_devices::{AudioIn, AudioOut, Selection};
use siaga_media::MediaConfig;
use siaga_plugin_host::Limits;
use std::path::PathBuf;

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
}
