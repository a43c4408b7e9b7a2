//! Voice: WebRTC sessions, codecs, jitter buffer, mixer, tones, DTMF, knocks.
//!
//! Everything here speaks one format: [`Frame`], 20 ms of 48 kHz mono 16-bit sound. A voice
//! arrives like this: RTP packets go into a [`playout::Playout`] (jitter buffer, decoder and
//! time-stretch), whose owner pulls one frame every 20 ms; whoever owns a bridge mixes those
//! frames with [`mixer::Mixer`] and hands one frame to each [`MediaSession::send`], which encodes
//! it and gives it to the one task that writes to the wire.
//!
//! All but [`session`] is sans-IO: pure functions of frames and of a `now` that is handed in, so
//! that minutes of bad network are tested in milliseconds. What is absent on purpose: sockets
//! outside [`session`], sound cards (`audio-devices`), files (`recording`), and any decision about
//! a call (`call-flow`).

#![deny(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod codec;
pub mod dtmf;
pub mod frame;
pub mod goertzel;
pub mod jitter;
pub mod knock;
pub mod mixer;
pub mod opus;
pub mod playout;
pub mod sdp;
pub mod session;
pub mod stretch;
pub mod tone;
pub mod vad;

pub use codec::{Codec, Waveform};
pub use frame::{FRAME, FRAME_DURATION, Frame, SAMPLE_RATE};
pub use session::{MediaConfig, MediaError, MediaEvent, MediaSession, MediaStats};
