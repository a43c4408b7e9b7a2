//! One voice connection: ICE, DTLS-SRTP and Opus.

mod types;

use std::time::Instant;

use tokio::sync::mpsc;

use crate::frame::Frame;

pub use types::{EVENT_CAPACITY, MediaConfig, MediaError, MediaEvent, MediaStats, SEND_CAPACITY};

/// One voice connection with one peer.
#[derive(Debug)]
pub struct MediaSession {}

impl MediaSession {
    /// Makes an offer.
    ///
    /// # Errors
    /// [`MediaError::Setup`], [`MediaError::Gathering`].
    pub async fn offer(_config: MediaConfig) -> Result<(Self, String), MediaError> {
        Err(MediaError::Closed)
    }

    /// Takes an offer and makes the answer.
    ///
    /// # Errors
    /// See [`MediaError`].
    pub async fn answer(_config: MediaConfig, _offer: &str) -> Result<(Self, String), MediaError> {
        Err(MediaError::Closed)
    }

    /// Takes the answer to our offer.
    ///
    /// # Errors
    /// See [`MediaError`].
    pub async fn accept_answer(&self, _answer: &str) -> Result<(), MediaError> {
        Err(MediaError::Closed)
    }

    /// Takes an offer on a running session (hold, resume, ICE restart) and makes the answer.
    ///
    /// # Errors
    /// See [`MediaError`].
    pub async fn reoffer_in(&self, _offer: &str) -> Result<String, MediaError> {
        Err(MediaError::Closed)
    }

    /// The events, once.
    pub fn events(&self) -> Option<mpsc::Receiver<MediaEvent>> {
        None
    }

    /// Sends one frame.
    pub fn send(&self, _frame: &Frame) {}

    /// The next frame to hear.
    pub fn pull(&self, _now: Instant) -> Frame {
        Frame::silence()
    }

    /// Presses a key.
    ///
    /// # Errors
    /// [`MediaError::NotADigit`], [`MediaError::TooManyDigits`].
    pub fn send_dtmf(&self, _digit: char) -> Result<(), MediaError> {
        Err(MediaError::Closed)
    }

    /// Figures so far.
    pub fn stats(&self) -> MediaStats {
        MediaStats::default()
    }

    /// Ends the session.
    pub async fn close(&self) {}
}
