//! Streams of a PulseAudio server through its own client library.
//!
//! cpal knows the server's devices, but its streams are not used: it asks for a buffer of two
//! callbacks, from which the server works out a latency of nothing and cuts its sound into pieces of
//! half a millisecond, and it answers each of them with a question about the latency. That cost more
//! CPU than the rest of a call together, and gaps (ADR 0024).
//!
//! A thread for each direction reads or writes 10 ms at a time, and waits in the library in between.

use crate::SAMPLE_RATE;
use crate::device::{CALLBACK_FRAMES, Pulse, ring};
use crate::ring::Feed;
use cpal::{Error, ErrorKind};
use libpulse_binding::def::BufferAttr;
use libpulse_binding::error::{Code, PAErr};
use libpulse_binding::sample::{Format, Spec};
use libpulse_binding::stream::Direction;
use libpulse_simple_binding::Simple;
use rtrb::{Consumer, Producer};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

/// How the server lists this program among those that make sound.
const PROGRAM: &str = "Siaga 110";

const SAMPLE_BYTES: usize = size_of::<i16>();

/// What is read or written at a time.
const BLOCK_BYTES: usize = CALLBACK_FRAMES as usize * SAMPLE_BYTES;

/// What lies between this program and the loudspeaker, in blocks: the server keeps two to be able to ask
/// for one, and half of the rest is its device's latency, 10 ms. Two blocks would leave it none.
const PLAYBACK_BLOCKS: usize = 4;

/// The server's word for "as you like".
const ANY: u32 = u32::MAX;

/// A stream that flows until it is dropped.
///
/// Dropping it waits for the block that is under way, and with a server that hangs for ever.
pub(crate) struct Stream {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so.
            let _ = thread.join();
        }
    }
}

impl Stream {
    fn run(
        name: &str,
        lost: impl Fn() + Send + 'static,
        mut block: impl FnMut() -> Result<(), PAErr> + Send + 'static,
    ) -> Result<Self, Error> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                if let Err(error) = block() {
                    tracing::debug!(%error, "a stream of PulseAudio is over");
                    return lost();
                }
            }
        });
        let thread = thread.map_err(|error| {
            Error::with_message(ErrorKind::ResourceExhausted, error.to_string())
        })?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

/// Records from the source of this name, or from the server's default.
///
/// # Errors
/// As cpal's: `DeviceNotAvailable` when there is none of this name, `PermissionDenied`.
pub(crate) fn record(
    source: Option<&str>,
    pulse: &Arc<Pulse>,
) -> Result<(Stream, Feed<Consumer<i16>>), Error> {
    let server = connect(Direction::Record, source, &attributes(ANY, BLOCK_BYTES))?;
    let (mut producer, ring) = ring(SAMPLE_RATE);
    let (pulse, errors) = (Arc::clone(pulse), Arc::clone(pulse));
    let mut bytes = [0; BLOCK_BYTES];
    let block = move || {
        server.read(&mut bytes)?;
        pulse.input_callbacks.fetch_add(1, Ordering::Relaxed);
        for sample in bytes.as_chunks().0 {
            // Full: the engine stands still; its next pull slips past what it missed.
            let _ = producer.push(i16::from_ne_bytes(*sample));
        }
        Ok(())
    };
    let lost = move || errors.input_lost.store(true, Ordering::Relaxed);
    Ok((Stream::run("audio-record", lost, block)?, Feed { ring, rate: SAMPLE_RATE }))
}

/// Plays to the sink of this name, or to the server's default.
///
/// # Errors
/// As of [`record`].
pub(crate) fn play(
    sink: Option<&str>,
    pulse: &Arc<Pulse>,
) -> Result<(Stream, Feed<Producer<i16>>), Error> {
    let attributes = attributes((PLAYBACK_BLOCKS * BLOCK_BYTES) as u32, BLOCK_BYTES);
    let server = connect(Direction::Playback, sink, &attributes)?;
    let (ring, mut consumer) = ring(SAMPLE_RATE);
    let (pulse, errors) = (Arc::clone(pulse), Arc::clone(pulse));
    let mut bytes = [0; BLOCK_BYTES];
    let block = move || {
        for sample in bytes.as_chunks_mut().0 {
            *sample = consumer.pop().unwrap_or(0).to_ne_bytes();
        }
        pulse.output_callbacks.fetch_add(1, Ordering::Relaxed);
        // Waits until the server wants it, which is the clock of this direction.
        server.write(&bytes)
    };
    let lost = move || errors.output_lost.store(true, Ordering::Relaxed);
    Ok((Stream::run("audio-play", lost, block)?, Feed { ring, rate: SAMPLE_RATE }))
}

fn attributes(target: u32, block: usize) -> BufferAttr {
    let block = block as u32;
    BufferAttr { maxlength: ANY, tlength: target, prebuf: ANY, minreq: block, fragsize: block }
}

fn connect(
    direction: Direction,
    device: Option<&str>,
    attributes: &BufferAttr,
) -> Result<Simple, Error> {
    // The server converts to whatever its device has.
    let spec = Spec { format: Format::S16NE, channels: 1, rate: SAMPLE_RATE };
    Simple::new(None, PROGRAM, direction, device, "110", &spec, None, Some(attributes))
        .map_err(explain)
}

/// In cpal's words, which the rest of this crate explains.
fn explain(error: PAErr) -> Error {
    let kind = match Code::try_from(error) {
        Ok(Code::NoEntity) => ErrorKind::DeviceNotAvailable,
        Ok(Code::Access | Code::AuthKey) => ErrorKind::PermissionDenied,
        Ok(Code::Busy) => ErrorKind::DeviceBusy,
        Ok(Code::ConnectionRefused | Code::ConnectionTerminated) => ErrorKind::HostUnavailable,
        _ => ErrorKind::BackendError,
    };
    Error::with_message(kind, error.to_string().unwrap_or_default())
}
