//! The recorder on its own thread, behind a queue that never makes the mixer wait.
//!
//! A file that can be written no more, because the disk is full or gone or the encoder has crashed, is
//! sealed with what it has, and a further one of the same call is tried at once and then every second.

use crate::recover::file_name;
use crate::{FRAME, Frame, Recorder, RecorderOptions, RecordingError, Seal, TICK_MS};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::thread::JoinHandle;
use std::time::Duration;

/// 10 s of audio wait for a slow disk. When they are full, further ticks are dropped, reported as
/// [`RecordingEvent::Dropped`], and become silence in the file, so that what follows keeps its time.
pub const QUEUE_TICKS: usize = 500;

/// Ticks between two attempts to open a new file after the disk failed: 1 s.
pub const RETRY_TICKS: u64 = 50;

/// Numbered files that one call may come to; a disk that refuses so many has to be looked at.
const MAX_SEGMENTS: u32 = 10_000;

/// What the one who started a recording is told while it runs.
#[derive(Debug)]
pub enum RecordingEvent {
    /// A file was opened; the first one, or the next after a failure.
    Opened {
        /// The file.
        path: PathBuf,
    },
    /// The disk failed. The file keeps what it has; the recorder goes on in a new one, trying every
    /// second.
    DiskFailed {
        /// What failed.
        error: RecordingError,
    },
    /// Ticks that are in no file, because no file could be opened while they were spoken.
    Lost {
        /// How many ticks of 20 ms since the last report.
        ticks: u64,
    },
    /// The queue was full: these ticks are silence in the file.
    Dropped {
        /// How many ticks of 20 ms since the last report.
        ticks: u64,
    },
    /// A file is at its end and sealed.
    Sealed(Seal),
}

struct Tick {
    /// Its place in the call, counted from 0: where numbers are missing, silence is written.
    number: u64,
    /// Left and right; none marks the end, so that ticks dropped just before it still take time.
    sound: Option<Box<(Frame, Frame)>>,
}

/// The mixer's end of a recording. Dropping it ends the recording as [`finish`](Self::finish) does,
/// without waiting.
pub struct RecordingHandle {
    queue: SyncSender<Tick>,
    next: u64,
    dropped: Arc<AtomicU64>,
    thread: JoinHandle<Vec<Seal>>,
}

impl RecordingHandle {
    /// Creates `directory/CALL.opus` (or `CALL-2.opus`, … where that exists) and starts to record.
    ///
    /// `on_event` is called from the recorder's thread and must not block for long.
    ///
    /// # Errors
    /// When not even the first file can be created. A caller who wants a call to go on regardless,
    /// uses [`start_anyway`](Self::start_anyway).
    pub fn start(
        directory: impl Into<PathBuf>,
        options: RecorderOptions,
        on_event: impl FnMut(RecordingEvent) + Send + 'static,
    ) -> Result<Self, RecordingError> {
        let directory = directory.into();
        let first = open_segment(&directory, &options)?;
        Self::spawn(directory, options, Some(first), Box::new(on_event))
    }

    /// As [`start`](Self::start), but a disk that fails from the beginning is reported as an event
    /// and tried again every second.
    ///
    /// # Errors
    /// Only when the thread cannot be started.
    pub fn start_anyway(
        directory: impl Into<PathBuf>,
        options: RecorderOptions,
        on_event: impl FnMut(RecordingEvent) + Send + 'static,
    ) -> Result<Self, RecordingError> {
        let (directory, mut on_event) = (directory.into(), on_event);
        let first = match open_segment(&directory, &options) {
            Ok(recorder) => Some(recorder),
            Err(error) => {
                on_event(RecordingEvent::DiskFailed { error });
                None
            }
        };
        Self::spawn(directory, options, first, Box::new(on_event))
    }

    fn spawn(
        directory: PathBuf,
        options: RecorderOptions,
        first: Option<Recorder>,
        on_event: Box<dyn FnMut(RecordingEvent) + Send>,
    ) -> Result<Self, RecordingError> {
        let (queue, ticks) = mpsc::sync_channel(QUEUE_TICKS);
        let dropped = Arc::new(AtomicU64::new(0));
        let mut run = Run {
            directory,
            options,
            segment: None,
            heard: 0,
            retry_at: 0,
            lost: 0,
            dropped: Arc::clone(&dropped),
            seals: Vec::new(),
            on_event,
        };
        run.segment = first;
        let thread = std::thread::Builder::new()
            .name("recording".to_owned())
            .spawn(move || run.run(&ticks))
            .map_err(RecordingError::Thread)?;
        Ok(Self { queue, next: 0, dropped, thread })
    }

    /// Records 20 ms: what the caller sent, and what the caller was sent. Never blocks; false when
    /// the queue was full and the tick will be silence.
    pub fn write(&mut self, left: &Frame, right: &Frame) -> bool {
        let tick = Tick { number: self.next, sound: Some(Box::new((*left, *right))) };
        self.next += 1;
        match self.queue.try_send(tick) {
            Ok(()) => true,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.dropped.fetch_add(1, Ordering::Relaxed);
                false
            }
        }
    }

    /// Ticks that were offered so far, each 20 ms.
    pub fn ticks(&self) -> u64 {
        self.next
    }

    /// Ends the recording and waits until everything that was queued is on the disk. Blocks: in an
    /// async program call it where blocking is allowed. The seals are those of all files, in order.
    ///
    /// # Errors
    /// [`RecordingError::ThreadGone`] when the recorder's thread panicked.
    pub fn finish(self) -> Result<Vec<Seal>, RecordingError> {
        let Self { queue, next, thread, .. } = self;
        // Nobody there to take it means that the thread is gone, which `join` tells.
        let _ = queue.send(Tick { number: next, sound: None });
        drop(queue);
        thread.join().map_err(|_| RecordingError::ThreadGone)
    }
}

/// What the thread owns.
struct Run {
    directory: PathBuf,
    options: RecorderOptions,
    segment: Option<Recorder>,
    /// Ticks whose time has passed, recorded or not.
    heard: u64,
    retry_at: u64,
    lost: u64,
    dropped: Arc<AtomicU64>,
    seals: Vec<Seal>,
    on_event: Box<dyn FnMut(RecordingEvent) + Send>,
}

impl Run {
    fn run(mut self, ticks: &Receiver<Tick>) -> Vec<Seal> {
        if let Some(recorder) = &self.segment {
            let path = recorder.path().to_owned();
            self.tell(RecordingEvent::Opened { path });
        } else {
            self.retry_at = RETRY_TICKS;
        }
        let silence = [0; FRAME];
        while let Ok(tick) = ticks.recv() {
            let dropped = self.dropped.swap(0, Ordering::Relaxed);
            if dropped > 0 {
                self.tell(RecordingEvent::Dropped { ticks: dropped });
            }
            while self.heard < tick.number {
                self.record(&silence, &silence);
            }
            if let Some(sound) = tick.sound {
                self.record(&sound.0, &sound.1);
            }
        }
        self.report_lost();
        self.close();
        self.seals
    }

    fn record(&mut self, left: &Frame, right: &Frame) {
        if self.segment.is_none() && self.heard >= self.retry_at {
            self.open();
        }
        if let Some(recorder) = &mut self.segment {
            // A recorder that panics is not used again, whatever state that left it in.
            let written = catch_unwind(AssertUnwindSafe(|| recorder.write(left, right)));
            if let Err(error) = written.unwrap_or(Err(RecordingError::Crashed)) {
                self.failed(error);
            }
        } else {
            self.lost += 1;
        }
        self.heard += 1;
    }

    /// Opens the next file; its clock starts where it starts.
    fn open(&mut self) {
        let offset = Duration::from_millis(self.heard * TICK_MS);
        let options = RecorderOptions {
            call: self.options.call,
            started_at: self.options.started_at + offset,
        };
        match open_segment(&self.directory, &options) {
            Ok(recorder) => {
                let path = recorder.path().to_owned();
                self.segment = Some(recorder);
                self.report_lost();
                self.tell(RecordingEvent::Opened { path });
            }
            Err(error) => {
                self.retry_at = self.heard + RETRY_TICKS;
                self.report_lost();
                self.tell(RecordingEvent::DiskFailed { error });
            }
        }
    }

    /// Keeps and seals what the failed file has, and lets the next tick open a new one.
    fn failed(&mut self, error: RecordingError) {
        self.lost += 1;
        self.retry_at = self.heard + 1;
        if let Some(recorder) = self.segment.take() {
            let path = recorder.path().to_owned();
            drop(recorder);
            match crate::seal(&path) {
                Ok(seal) => self.sealed(seal),
                Err(error) => tracing::warn!(%error, "nothing to seal in a file that failed"),
            }
        }
        self.tell(RecordingEvent::DiskFailed { error });
    }

    fn close(&mut self) {
        let Some(recorder) = self.segment.take() else { return };
        let path = recorder.path().to_owned();
        match recorder.finish() {
            Ok(seal) => self.sealed(seal),
            Err(error) => {
                self.tell(RecordingEvent::DiskFailed { error });
                if let Ok(seal) = crate::seal(&path) {
                    self.sealed(seal);
                }
            }
        }
    }

    fn sealed(&mut self, seal: Seal) {
        self.seals.push(seal.clone());
        self.tell(RecordingEvent::Sealed(seal));
    }

    fn report_lost(&mut self) {
        let ticks = std::mem::take(&mut self.lost);
        if ticks > 0 {
            self.tell(RecordingEvent::Lost { ticks });
        }
    }

    fn tell(&mut self, event: RecordingEvent) {
        (self.on_event)(event);
    }
}

/// The first name that is free: a recording that exists is never written over.
fn open_segment(directory: &Path, options: &RecorderOptions) -> Result<Recorder, RecordingError> {
    let mut number = 1;
    loop {
        let path = directory.join(file_name(options.call, number));
        match Recorder::create(path, options.clone()) {
            Err(RecordingError::Create { source, .. })
                if source.kind() == std::io::ErrorKind::AlreadyExists && number < MAX_SEGMENTS =>
            {
                number += 1;
            }
            other => return other,
        }
    }
}
