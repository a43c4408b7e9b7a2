//! Looks after what Asterisk records: that it does, and that it becomes a sealed file when a call is
//! over, also when the hub or Asterisk was killed meanwhile.
//!
//! The dialplan's MixMonitor writes each direction of the citizen's channel into a raw file, both from
//! one loop and with silence where one side has none, so that they have one clock. It hands the file
//! whole buffers of 32 KB, 1 s: that is what `kill -9` of Asterisk costs; that of the hub costs nothing.
//!
//! Many calls may end at once, and encoding one takes a second or more: each is sealed by a task of its
//! own, while what is up is looked at. Only [`sealers`] encode at a time, as Asterisk mixes voices on
//! the same machine.

mod raw;
#[cfg(test)]
mod tests;
mod upsample;

use raw::{Raw, Sizes};
use siaga_model::CallId;
use siaga_recording::Seal;
use siaga_switch::{RecordingReport, SwitchEvent};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;

/// Notices that may wait; one call makes two. The sender waits.
pub(crate) const NOTICES: usize = 1_024;
/// How often the files of calls that are up, and their disk, are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A file that has not grown for so long is not being written. MixMonitor writes every second.
const GROWS_WITHIN: Duration = Duration::from_secs(8);
/// MixMonitor closes its files some milliseconds after its channel is gone: they are whole when they
/// have not grown between two looks this far apart.
const SETTLES_WITHIN: Duration = Duration::from_millis(300);
/// Looks at a file that does not settle before it is sealed all the same: it has a writer that hangs.
const MOST_LOOKS: u32 = 20;
/// Pause before a recording that could not be sealed (disk full) is tried again.
const AGAIN_AFTER: Duration = Duration::from_secs(20);

/// What it is told.
#[derive(Debug)]
pub(crate) enum Notice {
    /// This call is being recorded from now on.
    Up(CallId),
    /// Its citizen's channel is gone.
    Over(CallId),
    /// The connection to Asterisk has come up: what is neither of these is over.
    Sweep {
        /// Calls that are up here.
        live: BTreeSet<CallId>,
        /// Calls whose citizen is in the dialplan, which tells us nothing.
        elsewhere: BTreeSet<CallId>,
    },
    /// The hub stops: seal what is over, then end.
    Stop,
}

/// How the files of a call that is up do.
struct Health {
    bytes: u64,
    grew_at: Instant,
    troubled: bool,
    /// How long the files were when the disk last refused.
    hole: Option<(Raw, Sizes)>,
}

impl Health {
    fn new() -> Self {
        Self { bytes: 0, grew_at: Instant::now(), troubled: false, hole: None }
    }
}

/// The task that looks after recordings.
pub(crate) struct Recordings {
    folder: PathBuf,
    notices: mpsc::Receiver<Notice>,
    events: mpsc::Sender<SwitchEvent>,
    up: BTreeMap<CallId, Health>,
    /// Of the dialplan's own calls, and of calls that we know nothing of: over when nothing is written
    /// any more.
    elsewhere: BTreeMap<CallId, Health>,
    /// Calls that are being sealed; `true`: once more when that is done, for there is more of them.
    sealing: BTreeMap<CallId, bool>,
    sealings: JoinSet<Sealed>,
    sealers: Arc<Semaphore>,
    /// Calls whose files could not be sealed, of which that was told.
    failed: BTreeSet<CallId>,
}

/// What became of the files of a call.
struct Sealed {
    call: CallId,
    seals: Vec<Seal>,
    /// Why some of them stay.
    fault: Option<String>,
}

/// How many recordings are encoded at once: half of the machine.
fn sealers() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(2))
}

impl Recordings {
    pub(crate) fn new(
        folder: PathBuf,
        notices: mpsc::Receiver<Notice>,
        events: mpsc::Sender<SwitchEvent>,
    ) -> Self {
        Self {
            folder,
            notices,
            events,
            up: BTreeMap::new(),
            elsewhere: BTreeMap::new(),
            sealing: BTreeMap::new(),
            sealings: JoinSet::new(),
            sealers: Arc::new(Semaphore::new(sealers())),
            failed: BTreeSet::new(),
        }
    }

    /// Runs until told to stop, or until nobody is there to tell it anything; then what is over is
    /// sealed.
    pub(crate) async fn run(mut self) {
        let mut look = tokio::time::interval(LOOK_EVERY);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut again = tokio::time::interval(AGAIN_AFTER);
        loop {
            tokio::select! {
                notice = self.notices.recv() => match notice {
                    Some(Notice::Up(call)) => self.watch(call),
                    Some(Notice::Over(call)) => {
                        self.up.remove(&call);
                        self.elsewhere.remove(&call);
                        self.seal(call);
                    }
                    Some(Notice::Sweep { live, elsewhere }) => {
                        self.up.retain(|call, _| live.contains(call));
                        for call in &live {
                            self.watch(*call);
                        }
                        // A file of a call that nobody names is not over for that: its caller may
                        // have come after the calls were counted, and sealing would take away what
                        // Asterisk is writing. Whatever grows no more is.
                        let found = self.find().await.into_iter().map(|raw| raw.call);
                        let unnamed = found.filter(|call| !live.contains(call));
                        self.elsewhere = (elsewhere.iter().copied())
                            .chain(unnamed)
                            .map(|call| (call, Health::new()))
                            .collect();
                    }
                    Some(Notice::Stop) | None => break,
                },
                Some(sealed) = self.sealings.join_next() => self.sealed(sealed).await,
                _ = look.tick() => self.look().await,
                _ = again.tick(), if !self.failed.is_empty() => {
                    for call in self.failed.clone() {
                        self.seal(call);
                    }
                }
            }
        }
        while let Some(sealed) = self.sealings.join_next().await {
            self.sealed(sealed).await;
        }
    }

    fn watch(&mut self, call: CallId) {
        self.elsewhere.remove(&call);
        self.up.entry(call).or_insert_with(Health::new);
    }

    async fn find(&self) -> Vec<Raw> {
        find(&self.folder).await
    }

    /// Whether what is up is being recorded: told when it is not, and when it is again.
    async fn look(&mut self) {
        if self.up.is_empty() && self.elsewhere.is_empty() {
            return;
        }
        let room = at_folder(&self.folder, raw::probe).await;
        let found = self.find().await;
        let now = Instant::now();
        let mut told = Vec::new();
        for (call, health) in &mut self.up {
            let files: Vec<_> = found.iter().filter(|raw| raw.call == *call).collect();
            let bytes: u64 = files.iter().map(|raw| raw.sizes().both()).sum();
            let trouble = match &room {
                Err(error) => {
                    health.hole = files.last().map(|raw| ((*raw).clone(), raw.sizes()));
                    format!("nothing can be written to the disk of the recordings: {error}")
                }
                Ok(()) if bytes > health.bytes => {
                    health.bytes = bytes;
                    health.grew_at = now;
                    if let Some((raw, at)) = health.hole.take()
                        && let Err(error) = raw.note_hole(at)
                    {
                        tracing::error!(%call, %error, "a hole of a recording is not noted");
                    }
                    if std::mem::take(&mut health.troubled) {
                        told.push(SwitchEvent::RecordingResumed { call: *call });
                    }
                    continue;
                }
                Ok(()) if now.duration_since(health.grew_at) > GROWS_WITHIN => {
                    format!("Asterisk has written nothing of this call for {GROWS_WITHIN:?}")
                }
                Ok(()) => continue,
            };
            if !std::mem::replace(&mut health.troubled, true) {
                tracing::error!(%call, trouble, "recording has stopped");
                told.push(SwitchEvent::RecordingTrouble { call: *call, reason: trouble });
            }
        }
        for event in told {
            self.tell(event).await;
        }
        if room.is_ok() {
            self.look_elsewhere(&found, now);
        }
    }

    /// Seals what was recorded without us, when it has ended.
    fn look_elsewhere(&mut self, found: &[Raw], now: Instant) {
        let mut over = BTreeSet::new();
        for (call, health) in &mut self.elsewhere {
            let files = found.iter().filter(|raw| raw.call == *call);
            let bytes: u64 = files.map(|raw| raw.sizes().both()).sum();
            if bytes > health.bytes {
                health.bytes = bytes;
                health.grew_at = now;
            } else if now.duration_since(health.grew_at) > GROWS_WITHIN {
                over.insert(*call);
            }
        }
        self.elsewhere.retain(|call, _| !over.contains(call));
        for call in over {
            self.seal(call);
        }
    }

    /// Has the files of this call sealed, beside everything else.
    fn seal(&mut self, call: CallId) {
        if let Some(once_more) = self.sealing.get_mut(&call) {
            *once_more = true;
            return;
        }
        self.sealing.insert(call, false);
        self.sealings.spawn(seal(self.folder.clone(), call, Arc::clone(&self.sealers)));
    }

    async fn sealed(&mut self, sealed: Result<Sealed, JoinError>) {
        let Sealed { call, seals, fault } = match sealed {
            Ok(sealed) => sealed,
            Err(error) => {
                tracing::error!(%error, "a task that seals a recording failed");
                return;
            }
        };
        for seal in seals {
            self.tell(SwitchEvent::Recorded(RecordingReport::of(call, seal))).await;
        }
        match fault {
            Some(reason) => self.not_sealed(call, reason).await,
            None if self.failed.remove(&call) => {
                self.tell(SwitchEvent::RecordingResumed { call }).await;
            }
            None => {}
        }
        if self.sealing.remove(&call) == Some(true) {
            self.seal(call);
        }
    }

    async fn not_sealed(&mut self, call: CallId, reason: String) {
        tracing::error!(%call, reason, "a recording could not be sealed; its raw files stay");
        if self.failed.insert(call) {
            self.tell(SwitchEvent::RecordingTrouble { call, reason }).await;
        }
    }

    async fn tell(&self, event: SwitchEvent) {
        // Without a hub nobody listens; the next one finds the file.
        let _ = self.events.send(event).await;
    }
}

/// Does something at the folder of the recordings.
async fn at_folder<T: Send + 'static>(
    folder: &Path,
    what: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let folder = folder.to_owned();
    let done = tokio::task::spawn_blocking(move || what(&folder)).await;
    done.unwrap_or_else(|error| Err(io::Error::other(error)))
}

async fn find(folder: &Path) -> Vec<Raw> {
    match at_folder(folder, raw::find).await {
        Ok(found) => found,
        Err(error) => {
            tracing::error!(%error, "the folder of raw recordings cannot be read");
            Vec::new()
        }
    }
}

/// Seals the files of a call, one after the other: the name of the second follows from the first.
async fn seal(folder: PathBuf, call: CallId, sealers: Arc<Semaphore>) -> Sealed {
    let (mut seals, mut fault) = (Vec::new(), None);
    for raw in find(&folder).await.into_iter().filter(|raw| raw.call == call) {
        settled(&raw).await;
        let _sealer = sealers.acquire().await;
        let folder = folder.clone();
        let sealing = tokio::task::spawn_blocking(move || raw.seal(&folder)).await;
        match sealing {
            Ok(Ok(sealed)) => seals.extend(sealed),
            Ok(Err(error)) => fault = Some(error.to_string()),
            Err(error) => fault = Some(error.to_string()),
        }
    }
    Sealed { call, seals, fault }
}

async fn settled(raw: &Raw) {
    let mut sizes = raw.sizes();
    for _ in 0..MOST_LOOKS {
        tokio::time::sleep(SETTLES_WITHIN).await;
        let before = std::mem::replace(&mut sizes, raw.sizes());
        if before == sizes {
            return;
        }
    }
    tracing::warn!(call = %raw.call, "a recording is still being written");
}
