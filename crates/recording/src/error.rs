//! What can go wrong with a recording.

use std::io;
use std::path::PathBuf;

/// A recording could not be begun, written or ended.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The file could not be created; an existing file is never overwritten.
    #[error("cannot create the recording {path}")]
    Create {
        /// The file that was asked for.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file could not be written to; what was written before stays playable.
    #[error("cannot write the recording {path}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A thread of the recorder could not be started.
    #[error("cannot start the recorder's thread")]
    Thread(#[source] io::Error),
    /// libopus refused; the number is its error code.
    #[error("opus refused with code {0}")]
    Opus(i32),
    /// The recorder has panicked; what was written before stays playable.
    #[error("the recorder has crashed")]
    Crashed,
    /// The recorder's thread ended before it was asked to.
    #[error("the recorder's thread is gone")]
    ThreadGone,
}

/// A file could not be read as a recording.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The file could not be opened or read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file does not begin with the headers of an Ogg Opus stream of one or two channels.
    #[error("{path} is not a recording")]
    NotARecording {
        /// The file.
        path: PathBuf,
    },
    /// The file is named for one call and says of itself that it is of another.
    #[error("{path} is the recording of another call")]
    OtherCall {
        /// The file.
        path: PathBuf,
    },
}

/// A recording could not be decoded.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The file is not readable as a recording at all.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// libopus refused; the number is its error code.
    #[error("opus refused with code {0}")]
    Opus(i32),
}

/// A file is not what its seal says.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The file is not readable as a recording any more.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// The file's bytes have changed since it was sealed.
    #[error("the recording was changed: sealed as {sealed}, is {found}")]
    Changed {
        /// SHA-256 in the seal, hex.
        sealed: String,
        /// SHA-256 of the file as it is, hex.
        found: String,
    },
}
