//! Why there is no sound.

/// A sound card could not be used. [`code`](Self::code) is what the page translates.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// The machine has no microphone, or no sound server to reach one.
    #[error("there is no audio input device")]
    NoInput,
    /// The machine has no loudspeaker, or no sound server to reach one.
    #[error("there is no audio output device")]
    NoOutput,
    /// The device that was asked for by name is not there.
    #[error("there is no audio device {name:?}")]
    NotFound {
        /// The name that was asked for.
        name: String,
    },
    /// Another program holds the device.
    #[error("the audio device {name:?} is used by another program")]
    Busy {
        /// The device.
        name: String,
    },
    /// The system does not allow this program to use the device.
    #[error("the system denies access to the audio device {name:?}")]
    Denied {
        /// The device.
        name: String,
    },
    /// The device was there and went away.
    #[error("the audio device {name:?} is gone")]
    Lost {
        /// The device.
        name: String,
    },
    /// The sound system did not answer in time.
    #[error("the sound system did not answer in {seconds} s")]
    Timeout {
        /// How long was waited.
        seconds: u64,
    },
    /// The device is there but refused every format that was tried.
    #[error("the audio device {name:?} cannot be used: {detail}")]
    Unusable {
        /// The device.
        name: String,
        /// What the sound system said, for the log.
        detail: String,
    },
}

impl DeviceError {
    /// A stable code for the page's message catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoInput => "audio-no-input",
            Self::NoOutput => "audio-no-output",
            Self::NotFound { .. } => "audio-not-found",
            Self::Busy { .. } => "audio-busy",
            Self::Denied { .. } => "audio-denied",
            Self::Lost { .. } => "audio-lost",
            Self::Timeout { .. } => "audio-timeout",
            Self::Unusable { .. } => "audio-unusable",
        }
    }

    /// Which of several hosts' errors tells the operator most; the higher one is shown.
    pub(crate) fn weight(&self) -> u8 {
        match self {
            Self::NoInput | Self::NoOutput => 0,
            Self::Lost { .. } => 1,
            Self::Timeout { .. } => 2,
            Self::Unusable { .. } => 3,
            Self::NotFound { .. } => 4,
            Self::Denied { .. } => 5,
            Self::Busy { .. } => 6,
        }
    }
}
