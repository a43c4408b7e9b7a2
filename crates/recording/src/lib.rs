//! Stereo Ogg Opus recordings of calls: written so that they survive `kill -9`, sealed so that any
//! later change to them is found.
//!
//! Left is what the caller's leg sends, right is what the caller is sent. The two are coded as two
//! *uncoupled* mono streams in one Ogg stream (RFC 7845 §5.1.1.2, mapping family 1): joint stereo
//! would let one side leak into the other, and who said what is the point of the recording.
//!
//! The life of a recording: [`RecordingHandle::start`] opens `CALL.opus`; every 20 ms
//! [`RecordingHandle::write`] queues a pair of frames without ever blocking; a thread encodes them
//! and hands the file a whole page every 200 ms; [`RecordingHandle::finish`] ends the stream and
//! gives a [`Seal`] a file. A disk that fails costs audio, never the call: the recorder reports it
//! and goes on in a new file. [`Recorder`] is the same without the thread and the queue.
//!
//! What a killed process left behind is found and sealed by [`recover`], when the next one starts;
//! [`verify`] reads and [`seal`] seals a single file. This
//! crate does not mix, does not decide what is recorded and knows no network.

#![deny(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod error;
#[allow(unsafe_code)]
mod opus;
mod peaks;
mod reader;
mod recorder;
mod recover;
mod thread;

pub use error::{DecodeError, RecordingError, SealError, VerifyError};
pub use peaks::{Loudness, peaks};
pub use reader::{Seal, Verified, decode, decode_from, seal, verify};
pub use recorder::{Recorder, RecorderOptions};
pub use recover::{Recovered, Recovery, recover};
pub use thread::{QUEUE_TICKS, RETRY_TICKS, RecordingEvent, RecordingHandle};

/// Samples a second and channel of everything that is written or decoded here.
pub const SAMPLE_RATE: u32 = 48_000;

/// Samples of one channel in one tick of 20 ms.
pub const FRAME: usize = 960;

/// Length of a tick, in milliseconds.
pub const TICK_MS: u64 = 20;

/// One tick of one channel: 20 ms of 48 kHz mono.
pub type Frame = [i16; FRAME];
