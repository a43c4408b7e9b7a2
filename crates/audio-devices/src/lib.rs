//! Sound cards, and files in their place: where voice enters and leaves a desk.
//!
//! [`AudioDevices::open`] gives a [`Capture`], a [`Playback`] and the [`Events`] of both. The
//! engine pulls one [`Frame`] and pushes one every 20 ms on its own clock; the sound card's
//! callbacks run on another clock and in real time, so between the two stand lock-free rings and
//! nothing else. When the two clocks drift apart, or a machine stutters, a ring is brought back to
//! its target with a short cross-fade; every such slip is counted in [`RingStats`].
//!
//! A device that goes away is told as [`AudioEvent::Lost`] and the next one is opened; until then
//! the engine hears silence and a call goes on. A machine without any device is normal and gives
//! a coded [`DeviceError`], never a panic and never a hang.
//!
//! [`FileAudioIn`] and [`FileAudioOut`] are the headless counterpart, behind the same traits
//! [`AudioIn`] and [`AudioOut`]. What is absent: echo cancelling, mixing, codecs (`media`).

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod device;
mod error;
mod file;
#[cfg(target_os = "linux")]
mod pulseaudio;
mod resample;
mod ring;
mod supervisor;

pub use error::DeviceError;
pub use file::{AfterEnd, FileAudioError, FileAudioIn, FileAudioOut, read_wav};
pub use resample::Decimator;
pub use ring::{Capture, Playback, RingStats};
pub use supervisor::{AudioDevices, AudioEvent, DeviceInfo, Direction, Events, Selection};

/// Samples a second of every frame.
pub const SAMPLE_RATE: u32 = 48_000;

/// Samples in one frame of 20 ms.
pub const FRAME: usize = 960;

/// 20 ms of 48 kHz mono.
pub type Frame = [i16; FRAME];

/// Where the engine takes what its operator says, one frame every 20 ms.
pub trait AudioIn: Send {
    /// The next 20 ms; silence when there is nothing. Never blocks.
    fn pull(&mut self) -> Frame;
}

/// Where the engine puts what its operator is to hear, one frame every 20 ms.
pub trait AudioOut: Send {
    /// Takes the next 20 ms. Never blocks.
    fn push(&mut self, frame: &Frame);
}
