//! Opens devices, notices when they go, and opens the next: on threads of its own, because any
//! call into a sound system may block for ever.

use crate::device::{self, Opened, Pulse};
use crate::ring::Feed;
use crate::{Capture, DeviceError, Playback};
use cpal::HostId;
use cpal::traits::{DeviceTrait, HostTrait};
use rtrb::{Consumer, Producer};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::thread;
use std::time::{Duration, Instant};

/// How long one host may take to open or to list its devices before the next one is tried.
const HOST_TIMEOUT: Duration = Duration::from_secs(5);

/// How often the supervisor looks whether the devices are well.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// A stream whose callback has not come for this long is gone, whatever its host says.
const STALLED_AFTER: Duration = Duration::from_secs(3);

/// Between two attempts to open a device after one was lost.
const REOPEN_EVERY: Duration = Duration::from_secs(1);

/// Events that wait to be read. When they are full the newest is dropped: whoever does not read
/// sixteen of them does not read.
const EVENTS: usize = 16;

/// At most one newly opened device waits for the engine; it takes it with its next frame.
const FEEDS: usize = 4;

/// The devices to use; where nothing is said, the system's default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Microphone, by the name or id that [`AudioDevices::list`] tells.
    pub input: Option<String>,
    /// Loudspeaker, by name or id.
    pub output: Option<String>,
    /// Sound system (`pipewire`, `pulseaudio`, `alsa`, `wasapi`); none tries all, best first.
    pub host: Option<String>,
}

/// Which way a device goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// A microphone.
    Input,
    /// A loudspeaker.
    Output,
}

/// One device that could be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceInfo {
    /// What to show.
    pub name: String,
    /// What to store: stays the same over unplugging, where the sound system can tell.
    pub id: String,
    /// The sound system that offers it.
    pub host: String,
    /// Whether it can be a microphone.
    pub input: bool,
    /// Whether it can be a loudspeaker.
    pub output: bool,
    /// Whether it is what the system uses by default, in either direction.
    pub default: bool,
}

/// What happens to devices that are open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AudioEvent {
    /// Devices were opened: the first ones, or the next after some were lost.
    Opened {
        /// The sound system.
        host: String,
        /// The microphone.
        input: String,
        /// The loudspeaker.
        output: String,
    },
    /// A device went away ([`DeviceError::Lost`]). The engine hears silence until the next is open.
    Lost {
        /// Which way it went.
        direction: Direction,
        /// Which it was.
        error: DeviceError,
    },
    /// No other device could be opened yet; tried again every second, told when the reason changes.
    StillClosed {
        /// Why not.
        error: DeviceError,
    },
}

/// What happens to the devices, to be read whenever it suits.
pub struct Events(Receiver<AudioEvent>);

impl Events {
    /// The next event, if there is one. Never blocks.
    pub fn try_next(&self) -> Option<AudioEvent> {
        self.0.try_recv().ok()
    }

    /// The next event, none when there was none for so long or will be none.
    pub fn next_within(&self, timeout: Duration) -> Option<AudioEvent> {
        self.0.recv_timeout(timeout).ok()
    }
}

/// The machine's sound cards.
pub struct AudioDevices;

impl AudioDevices {
    /// Opens a microphone and a loudspeaker. They are closed when both the [`Capture`] and the
    /// [`Playback`] are dropped. Blocks for at most five seconds a sound system.
    ///
    /// # Errors
    /// The one that tells most, when several sound systems were tried.
    pub fn open(selection: &Selection) -> Result<(Capture, Playback, Events), DeviceError> {
        let first = Live::open(selection)?;
        let (alive, closed) = mpsc::sync_channel::<()>(0);
        let alive = Arc::new(alive);
        let (inputs, fresh_inputs) = mpsc::sync_channel(FEEDS);
        let (outputs, fresh_outputs) = mpsc::sync_channel(FEEDS);
        let (events, told) = mpsc::sync_channel(EVENTS);
        let supervisor =
            Supervisor { selection: selection.clone(), closed, inputs, outputs, events };
        thread::Builder::new()
            .name("audio-supervisor".to_owned())
            .spawn(move || supervisor.run(first))
            .map_err(|_| DeviceError::Timeout { seconds: 0 })?;
        let capture = Capture::new(fresh_inputs, Some(Arc::clone(&alive)));
        Ok((capture, Playback::new(fresh_outputs, Some(alive)), Events(told)))
    }

    /// Opens a loudspeaker alone, by name or id, or the system's. Nobody watches it: it is for what is
    /// short, such as a ring. Closed when the [`Playback`] is dropped. Blocks for at most five seconds a
    /// sound system.
    ///
    /// # Errors
    /// The one that tells most, when several sound systems were tried.
    pub fn open_output(name: Option<&str>) -> Result<Playback, DeviceError> {
        let mut failed = DeviceError::NoOutput;
        for id in device::hosts() {
            match open_output_at(id, name.map(ToOwned::to_owned)) {
                Ok(playback) => return Ok(playback),
                Err(error) if error.weight() >= failed.weight() => failed = error,
                Err(_) => {}
            }
        }
        Err(failed)
    }

    /// The devices that could be chosen, of the first sound system that has any.
    ///
    /// # Errors
    /// [`DeviceError::NoInput`] when there are none, `Timeout` when no sound system answered.
    pub fn list() -> Result<Vec<DeviceInfo>, DeviceError> {
        let mut failed = DeviceError::NoInput;
        for id in device::hosts() {
            match within(HOST_TIMEOUT, move || list_host(id)) {
                Some(devices) if !devices.is_empty() => return Ok(devices),
                Some(_) => {}
                None => failed = timeout(),
            }
        }
        Err(failed)
    }
}

/// The stream is made, kept and dropped on one thread, so that none of it can block others.
fn open_output_at(id: HostId, name: Option<String>) -> Result<Playback, DeviceError> {
    let (answer, answered) = mpsc::sync_channel(1);
    let (alive, closed) = mpsc::sync_channel::<()>(0);
    thread::Builder::new()
        .name(format!("audio-out-{id}"))
        .spawn(move || match device::open_output(id, name.as_deref()) {
            Ok((stream, feed)) => {
                if answer.send(Ok(feed)).is_ok() {
                    // Ends with an error when the other end is dropped: nothing is ever sent.
                    let _ = closed.recv();
                }
                drop(stream);
            }
            Err(error) => {
                let _ = answer.send(Err(error));
            }
        })
        .map_err(|_| timeout())?;
    let feed = answered.recv_timeout(HOST_TIMEOUT).map_err(|_| timeout())??;
    let (outputs, fresh_outputs) = mpsc::sync_channel(1);
    // The receiver is at hand and empty.
    let _ = outputs.try_send(feed);
    Ok(Playback::new(fresh_outputs, Some(Arc::new(alive))))
}

fn timeout() -> DeviceError {
    DeviceError::Timeout { seconds: HOST_TIMEOUT.as_secs() }
}

/// Runs what may block for ever on a thread of its own; none when it took too long.
fn within<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (answer, answered) = mpsc::sync_channel(1);
    thread::Builder::new()
        .name("audio-list".to_owned())
        .spawn(move || {
            // Nobody waits any more after the limit.
            let _ = answer.send(work());
        })
        .ok()?;
    answered.recv_timeout(limit).ok()
}

fn list_host(id: HostId) -> Vec<DeviceInfo> {
    let Ok(host) = cpal::host_from_id(id) else { return Vec::new() };
    let defaults = [host.default_input_device(), host.default_output_device()];
    let Ok(devices) = host.devices() else { return Vec::new() };
    devices
        .filter(device::is_real)
        .map(|device| DeviceInfo {
            name: device.to_string(),
            id: device::device_id(&device).unwrap_or_else(|| device.to_string()),
            host: id.to_string(),
            input: device.supports_input(),
            output: device.supports_output(),
            default: defaults.iter().flatten().any(|default| *default == device),
        })
        .filter(|info| info.input || info.output)
        .collect()
}

/// Two streams that are open. Their thread drops them when this is dropped.
struct Live {
    host: String,
    opened: Opened,
    _keep: SyncSender<()>,
}

impl Live {
    /// Tries the hosts in their order.
    fn open(selection: &Selection) -> Result<Self, DeviceError> {
        let mut failed = DeviceError::NoInput;
        for id in device::hosts() {
            let wanted = selection.host.as_ref();
            if wanted.is_some_and(|host| !id.to_string().eq_ignore_ascii_case(host)) {
                continue;
            }
            match Self::open_at(id, selection.clone()) {
                Ok(live) => return Ok(live),
                Err(error) => {
                    tracing::debug!(host = %id, %error, "no audio at this host");
                    if error.weight() >= failed.weight() {
                        failed = error;
                    }
                }
            }
        }
        Err(failed)
    }

    /// The streams are made, kept and dropped on one thread, so that none of it can block others.
    fn open_at(id: HostId, selection: Selection) -> Result<Self, DeviceError> {
        let (answer, answered) = mpsc::sync_channel(1);
        let (keep, dropped) = mpsc::sync_channel::<()>(0);
        thread::Builder::new()
            .name(format!("audio-{id}"))
            .spawn(move || match device::open(id, &selection) {
                Ok((streams, opened)) => {
                    if answer.send(Ok(opened)).is_ok() {
                        // Ends with an error when the other end is dropped: nothing is ever sent.
                        let _ = dropped.recv();
                    }
                    drop(streams);
                }
                Err(error) => {
                    let _ = answer.send(Err(error));
                }
            })
            .map_err(|_| timeout())?;
        let opened = answered.recv_timeout(HOST_TIMEOUT).map_err(|_| timeout())??;
        Ok(Self { host: id.to_string(), opened, _keep: keep })
    }
}

struct Supervisor {
    selection: Selection,
    /// Disconnected when the engine has dropped both ends.
    closed: Receiver<()>,
    inputs: SyncSender<Feed<Consumer<i16>>>,
    outputs: SyncSender<Feed<Producer<i16>>>,
    events: SyncSender<AudioEvent>,
}

/// The engine has gone.
struct Closed;

/// The rings of the streams that are open, until the engine has taken them.
struct Handed {
    input: Option<Feed<Consumer<i16>>>,
    output: Option<Feed<Producer<i16>>>,
}

impl Supervisor {
    fn run(self, first: Live) {
        let mut live = first;
        loop {
            let Live { host, opened, _keep: keep } = live;
            let Opened { input, output, input_name, output_name, pulse } = opened;
            let mut handed = Handed { input: Some(input), output: Some(output) };
            self.hand(&mut handed);
            self.tell(AudioEvent::Opened {
                host,
                input: input_name.clone(),
                output: output_name.clone(),
            });
            let Ok(direction) = self.watch(&pulse, &mut handed) else { return };
            let name = match direction {
                Direction::Input => input_name,
                Direction::Output => output_name,
            };
            self.tell(AudioEvent::Lost { direction, error: DeviceError::Lost { name } });
            drop(keep);
            match self.reopen() {
                Ok(next) => live = next,
                Err(Closed) => return,
            }
        }
    }

    /// Hands the engine what it has not yet. It pulls nothing while no call is up, and a queue full of
    /// older rings, which it passes over, must not cost it the one that lives.
    fn hand(&self, handed: &mut Handed) {
        if let Some(Err(TrySendError::Full(input))) =
            handed.input.take().map(|input| self.inputs.try_send(input))
        {
            handed.input = Some(input);
        }
        if let Some(Err(TrySendError::Full(output))) =
            handed.output.take().map(|output| self.outputs.try_send(output))
        {
            handed.output = Some(output);
        }
    }

    /// Returns which direction was lost.
    fn watch(&self, pulse: &Pulse, handed: &mut Handed) -> Result<Direction, Closed> {
        let mut input = Beat::new();
        let mut output = Beat::new();
        loop {
            self.wait(LOOK_EVERY)?;
            self.hand(handed);
            let now = Instant::now();
            if pulse.input_lost.load(Ordering::Relaxed)
                || input.stalled(pulse.input_callbacks.load(Ordering::Relaxed), now)
            {
                return Ok(Direction::Input);
            }
            if pulse.output_lost.load(Ordering::Relaxed)
                || output.stalled(pulse.output_callbacks.load(Ordering::Relaxed), now)
            {
                return Ok(Direction::Output);
            }
        }
    }

    /// The same devices if they are there, else whatever is there now.
    fn reopen(&self) -> Result<Live, Closed> {
        let any = Selection { host: self.selection.host.clone(), ..Selection::default() };
        let mut told = None;
        loop {
            let error = match Live::open(&self.selection).or_else(|_| Live::open(&any)) {
                Ok(live) => return Ok(live),
                Err(error) => error,
            };
            if told.as_ref() != Some(&error) {
                told = Some(error.clone());
                self.tell(AudioEvent::StillClosed { error });
            }
            self.wait(REOPEN_EVERY)?;
        }
    }

    fn wait(&self, time: Duration) -> Result<(), Closed> {
        match self.closed.recv_timeout(time) {
            Err(RecvTimeoutError::Timeout) => Ok(()),
            Ok(()) | Err(RecvTimeoutError::Disconnected) => Err(Closed),
        }
    }

    fn tell(&self, event: AudioEvent) {
        if let Err(TrySendError::Full(event)) = self.events.try_send(event) {
            tracing::debug!(?event, "an audio event nobody reads was dropped");
        }
    }
}

/// Notices when a counter stands still.
struct Beat {
    count: u64,
    since: Instant,
}

impl Beat {
    fn new() -> Self {
        Self { count: 0, since: Instant::now() }
    }

    fn stalled(&mut self, count: u64, now: Instant) -> bool {
        if count != self.count {
            self.count = count;
            self.since = now;
        }
        now.duration_since(self.since) > STALLED_AFTER
    }
}
