//! Streams of a PulseAudio server through its own client library.
//!
//! cpal knows the server's devices, but its streams are not used: it asks for a buffer of two
//! callbacks, from which the server works out a latency of nothing and cuts its sound into pieces of
//! half a millisecond, and it answers each of them with a question about the latency. That cost more
//! CPU than the rest of a call together, and gaps (ADR 0024).
//!
//! A thread for each direction has a connection of its own and moves what there is, 10 ms at a time.

use crate::SAMPLE_RATE;
use crate::device::{CALLBACK_FRAMES, Pulse, ring};
use crate::ring::Feed;
use cpal::{Error, ErrorKind};
use libpulse_binding::context::{self, Context};
use libpulse_binding::def::BufferAttr;
use libpulse_binding::error::{Code, PAErr};
use libpulse_binding::mainloop::standard::Mainloop;
use libpulse_binding::sample::{Format, Spec};
use libpulse_binding::stream::{self, PeekResult, SeekMode};
use libpulse_binding::time::MicroSeconds;
use rtrb::{Consumer, Producer};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How the server lists this program among those that make sound.
const PROGRAM: &str = "Siaga 110";

/// What is played or recorded, in the server's list.
const STREAM: &str = "110";

const SAMPLE_BYTES: usize = size_of::<i16>();

/// What is read or written at a time, samples.
const BLOCK: usize = CALLBACK_FRAMES as usize;

const BLOCK_BYTES: usize = BLOCK * SAMPLE_BYTES;

/// What lies between this program and the loudspeaker, in blocks: the server keeps two to be able to ask
/// for one, and half of the rest is its device's latency, 10 ms. Two blocks would leave it none.
const PLAYBACK_BLOCKS: usize = 4;

/// The server's word for "as you like".
const ANY: u32 = u32::MAX;

/// How long a thread waits for its server before it looks whether anybody still wants the stream.
const WAIT: MicroSeconds = MicroSeconds(200_000);

/// A server that does not answer for so long is none; as long as any sound system gets.
const PATIENCE: Duration = Duration::from_secs(5);

/// A stream that flows until it is dropped, which takes at most [`WAIT`].
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
    /// Runs on a thread called `name` what `connect` connects, with `turn` whenever the server has said
    /// something, until one of them fails, which `lost` is told. Waits until it flows.
    fn run(
        name: &str,
        connect: impl FnOnce(&mut stream::Stream) -> Result<(), PAErr> + Send + 'static,
        mut turn: impl FnMut(&mut stream::Stream) -> Result<(), PAErr> + Send + 'static,
        lost: impl FnOnce() + Send + 'static,
    ) -> Result<Self, Error> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let (answer, answered) = mpsc::sync_channel(1);
        let run = move || {
            let (connection, opened) = match Connection::open(connect) {
                Ok(connection) => (Some(connection), Ok(())),
                Err(error) => (None, Err(error)),
            };
            // Whoever asked waits for this.
            let _ = answer.send(opened);
            let Some(mut connection) = connection else { return };
            while !stopped.load(Ordering::Relaxed) {
                if let Err(error) = turn(&mut connection.stream).and_then(|()| connection.wait()) {
                    tracing::debug!(%error, "a stream of PulseAudio is over");
                    return lost();
                }
            }
        };
        let thread = thread::Builder::new().name(name.to_owned()).spawn(run).map_err(|error| {
            Error::with_message(ErrorKind::ResourceExhausted, error.to_string())
        })?;
        let stream = Self { stop, thread: Some(thread) };
        let opened = answered.recv().unwrap_or(Err(PAErr::from(Code::Internal)));
        opened.map(|()| stream).map_err(explain)
    }
}

/// One stream with its connection to the server. Belongs to one thread.
struct Connection {
    // Dropped in this order: the stream belongs to its context, and that to its loop.
    stream: stream::Stream,
    context: Context,
    mainloop: Mainloop,
}

impl Connection {
    /// Connects to the server and has `connect` connect the stream; waits until both stand.
    fn open(connect: impl FnOnce(&mut stream::Stream) -> Result<(), PAErr>) -> Result<Self, PAErr> {
        let give_up_at = Instant::now() + PATIENCE;
        let wait = |mainloop: &mut Mainloop, context: &Context| {
            if Instant::now() > give_up_at {
                return Err(PAErr::from(Code::Timeout));
            }
            once(mainloop, context)
        };
        let none = || PAErr::from(Code::Internal);
        let mut mainloop = Mainloop::new().ok_or_else(none)?;
        let mut context = Context::new(&mainloop, PROGRAM).ok_or_else(none)?;
        context.connect(None, context::FlagSet::NOFLAGS, None)?;
        while context.get_state() != context::State::Ready {
            wait(&mut mainloop, &context)?;
        }
        // The server converts to whatever its device has.
        let spec = Spec { format: Format::S16NE, channels: 1, rate: SAMPLE_RATE };
        let stream = stream::Stream::new(&mut context, STREAM, &spec, None);
        let mut stream = stream.ok_or_else(|| context.errno())?;
        connect(&mut stream)?;
        while stream.get_state() != stream::State::Ready {
            if !stream.get_state().is_good() {
                return Err(context.errno());
            }
            wait(&mut mainloop, &context)?;
        }
        Ok(Self { stream, context, mainloop })
    }

    /// Waits until the server has said something, for at most [`WAIT`].
    fn wait(&mut self) -> Result<(), PAErr> {
        once(&mut self.mainloop, &self.context)?;
        if self.stream.get_state().is_good() { Ok(()) } else { Err(self.context.errno()) }
    }
}

/// Waits once for the server, for at most [`WAIT`], and takes what it has said.
fn once(mainloop: &mut Mainloop, context: &Context) -> Result<(), PAErr> {
    mainloop.prepare(Some(WAIT))?;
    mainloop.poll()?;
    mainloop.dispatch()?;
    if context.get_state().is_good() { Ok(()) } else { Err(context.errno()) }
}

/// Records from the source of this name, or from the server's default.
///
/// # Errors
/// As cpal's: `DeviceNotAvailable` when there is none of this name, `PermissionDenied`.
pub(crate) fn record(
    source: Option<&str>,
    pulse: &Arc<Pulse>,
) -> Result<(Stream, Feed<Consumer<i16>>), Error> {
    let source = source.map(ToOwned::to_owned);
    let connect = move |stream: &mut stream::Stream| {
        let attributes = attributes(ANY, BLOCK_BYTES);
        stream.connect_record(source.as_deref(), Some(&attributes), FLAGS)
    };
    let (mut producer, ring) = ring(SAMPLE_RATE);
    let (pulse, errors) = (Arc::clone(pulse), Arc::clone(pulse));
    let mut samples = Vec::with_capacity(BLOCK);
    let turn = move |stream: &mut stream::Stream| {
        loop {
            samples.clear();
            match stream.peek()? {
                PeekResult::Empty => return Ok(()),
                PeekResult::Hole(bytes) => samples.resize(bytes / SAMPLE_BYTES, 0),
                PeekResult::Data(bytes) => {
                    let read = bytes.as_chunks().0.iter();
                    samples.extend(read.map(|sample| i16::from_ne_bytes(*sample)));
                }
            }
            stream.discard()?;
            pulse.input_callbacks.fetch_add(1, Ordering::Relaxed);
            // Full: the engine stands still; its next pull slips past what it missed.
            let _ = producer.push_partial_slice(&samples);
        }
    };
    let lost = move || errors.input_lost.store(true, Ordering::Relaxed);
    Ok((Stream::run("audio-record", connect, turn, lost)?, Feed { ring, rate: SAMPLE_RATE }))
}

/// Plays to the sink of this name, or to the server's default.
///
/// # Errors
/// As of [`record`].
pub(crate) fn play(
    sink: Option<&str>,
    pulse: &Arc<Pulse>,
) -> Result<(Stream, Feed<Producer<i16>>), Error> {
    let sink = sink.map(ToOwned::to_owned);
    let connect = move |stream: &mut stream::Stream| {
        let attributes = attributes((PLAYBACK_BLOCKS * BLOCK_BYTES) as u32, BLOCK_BYTES);
        stream.connect_playback(sink.as_deref(), Some(&attributes), FLAGS, None, None)
    };
    let (ring, mut consumer) = ring(SAMPLE_RATE);
    let (pulse, errors) = (Arc::clone(pulse), Arc::clone(pulse));
    let mut samples = [0_i16; BLOCK];
    let mut bytes = [0; BLOCK_BYTES];
    let turn = move |stream: &mut stream::Stream| {
        // What the server asks for is the clock of this direction.
        while stream.writable_size().is_some_and(|wanted| wanted >= BLOCK_BYTES) {
            let (_, missing) = consumer.pop_partial_slice(&mut samples);
            missing.fill(0);
            for (slot, sample) in bytes.as_chunks_mut().0.iter_mut().zip(&samples) {
                *slot = sample.to_ne_bytes();
            }
            pulse.output_callbacks.fetch_add(1, Ordering::Relaxed);
            stream.write_copy(&bytes, 0, SeekMode::Relative)?;
        }
        Ok(())
    };
    let lost = move || errors.output_lost.store(true, Ordering::Relaxed);
    Ok((Stream::run("audio-play", connect, turn, lost)?, Feed { ring, rate: SAMPLE_RATE }))
}

/// The server takes the latency of its device into account, which is what the sizes are meant for.
const FLAGS: stream::FlagSet = stream::FlagSet::ADJUST_LATENCY;

fn attributes(target: u32, block: usize) -> BufferAttr {
    let block = block as u32;
    BufferAttr { maxlength: ANY, tlength: target, prebuf: ANY, minreq: block, fragsize: block }
}

/// In cpal's words, which the rest of this crate explains.
fn explain(error: PAErr) -> Error {
    let kind = match Code::try_from(error) {
        Ok(Code::NoEntity) => ErrorKind::DeviceNotAvailable,
        Ok(Code::Access | Code::AuthKey) => ErrorKind::PermissionDenied,
        Ok(Code::Busy) => ErrorKind::DeviceBusy,
        Ok(Code::ConnectionRefused | Code::ConnectionTerminated | Code::Timeout) => {
            ErrorKind::HostUnavailable
        }
        _ => ErrorKind::BackendError,
    };
    Error::with_message(kind, error.to_string().unwrap_or_default())
}
