//! One desk and its operator, so placed that they can be stopped without a word or stand still with
//! all their sockets open: in a process of its own, or, which is cheaper, on a thread and a runtime of
//! its own.

use super::cable::Cable;
use super::ear::pilot_of;
use super::hands::Hands;
use super::plan::{Fault, Faults, between, generator};
use super::watch::Watch;
use crate::apart::{DeskProcess, DeskProgram};
use crate::sound::Speaker;
use siaga_audio_devices::{AudioOut, Frame};
use siaga_desk::{AudioChoice, Desk, DeskConfig, DeskState, Intent, LinkHealth, PhoneState};
use siaga_media::MediaConfig;
use siaga_model::{CallId, Redacted, SeatId, UnitId};
use siaga_plugin_host::Limits;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// How often the operator looks at the desk when nothing changes there.
const LOOK: Duration = Duration::from_millis(100);
/// Before a login is tried again.
const LOGIN_AGAIN: Duration = Duration::from_secs(2);
/// How long a restarted desk may take to find its session by itself before somebody logs in anew.
const RESUME_WITHIN: Duration = Duration::from_secs(3);
/// Orders that may wait for a desk: it is told one thing at a time.
const ORDERS: usize = 8;
/// How long a fault waits for a call to strike at.
const WAITS_FOR_A_CALL: Duration = Duration::from_secs(12);
/// How long leaving may take.
const LEAVE_WITHIN: Duration = Duration::from_secs(10);

/// Who sits where.
pub(super) struct SeatPlan {
    pub(super) index: usize,
    pub(super) seat: SeatId,
    pub(super) unit: UnitId,
    pub(super) targets: Vec<UnitId>,
    pub(super) seed: u64,
    pub(super) operator: String,
    pub(super) password: Redacted<String>,
    pub(super) data_dir: PathBuf,
    pub(super) voice: Arc<[i16]>,
    pub(super) plugin_fails: bool,
    /// This program, when the desk is to be a process of its own.
    pub(super) program: Option<PathBuf>,
}

enum Body {
    Thread(std::thread::JoinHandle<()>),
    Process(tokio::task::JoinHandle<()>),
}

enum Order {
    Die { down: Duration },
    Freeze { span: Duration },
    Leave,
}

/// A staffed seat.
pub(super) struct Seat {
    seat: SeatId,
    cable: Cable,
    orders: mpsc::Sender<Order>,
    /// Whether somebody talks here just now.
    talking: watch::Receiver<bool>,
    body: Body,
}

impl Seat {
    /// Seats somebody behind this cable.
    pub(super) fn staff(plan: SeatPlan, cable: Cable, watch: Arc<Watch>) -> std::io::Result<Self> {
        let (orders, receiver) = mpsc::channel(ORDERS);
        let (talks, talking) = watch::channel(false);
        let hub = cable.hub_url().to_owned();
        let seat = plan.seat.clone();
        let body = match plan.program.clone() {
            Some(program) => Body::Process(tokio::spawn(async move {
                let who = plan.seat.to_string();
                let hands = Attention::new(plan, hub, Arc::clone(&watch), talks);
                if let Err(error) = lives_apart(hands, program, receiver).await {
                    watch.log(&who, &format!("the desk's process: {error:#}"));
                }
            })),
            None => Body::Thread(
                std::thread::Builder::new()
                    .name(plan.seat.to_string())
                    .spawn(move || lives(Attention::new(plan, hub, watch, talks), receiver))?,
            ),
        };
        Ok(Self { seat, cable, orders, talking, body })
    }

    /// Breaks one thing after the other as the seed says, and mends it, until it is over.
    pub(super) async fn break_things(
        &self,
        mut faults: Faults,
        watch: &Watch,
        over: CancellationToken,
    ) {
        loop {
            let (pause, fault) = faults.next();
            tokio::select! {
                () = over.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
            // What breaks at an idle desk proves little: most things wait for a call.
            let mut talking = self.talking.clone();
            let _ = tokio::time::timeout(WAITS_FOR_A_CALL, talking.wait_for(|talks| *talks)).await;
            let from = watch.now();
            let name = fault.name();
            watch.log(self.seat.as_str(), &format!("FAULT {name} {fault:?}"));
            // It is known from its beginning; the end is put in when it has come.
            let place = watch.note(|notebook| {
                *notebook.fault_kinds.entry(name).or_default() += 1;
                let until = from + fault.span() + Duration::from_secs(60);
                notebook.faults.push(crate::observer::FaultSpan {
                    seat: self.seat.clone(),
                    from,
                    until,
                });
                notebook.faults.len() - 1
            });
            self.apply(fault, true).await;
            tokio::time::sleep(fault.span()).await;
            self.apply(fault, false).await;
            let until = watch.now();
            watch.note(|notebook| notebook.faults[place].until = until);
            watch.log(self.seat.as_str(), &format!("mended {name}"));
        }
    }

    async fn apply(&self, fault: Fault, broken: bool) {
        let order = match fault {
            Fault::Killed { down } => broken.then_some(Order::Die { down }),
            Fault::Frozen { span } => broken.then_some(Order::Freeze { span }),
            Fault::HubCut { .. } => {
                self.cable.cut_hub(broken);
                None
            }
            Fault::SipCut { .. } => {
                self.cable.cut_sip(broken);
                None
            }
            Fault::SocketsStuck { .. } => {
                self.cable.hold_sockets(broken);
                None
            }
            Fault::RtpLoss { percent, .. } => {
                self.cable.lose_voice(if broken { percent } else { 0 });
                None
            }
            Fault::VoicePathDead => {
                if broken {
                    self.cable.kill_voice();
                }
                None
            }
            Fault::CablePulled { .. } => {
                self.cable.hold_sockets(broken);
                self.cable.lose_voice(if broken { 100 } else { 0 });
                None
            }
        };
        if let Some(order) = order {
            // A desk that is gone for good cannot be broken any more.
            let _ = self.orders.send(order).await;
        }
    }

    /// The operator goes home.
    pub(super) async fn leave(self) {
        let _ = self.orders.send(Order::Leave).await;
        // Whoever panicked has said so.
        match self.body {
            Body::Thread(thread) => {
                let _ = tokio::task::spawn_blocking(move || thread.join()).await;
            }
            Body::Process(task) => {
                let _ = task.await;
            }
        }
    }
}

/// The eyes and hands at one desk, whatever becomes of the desk.
struct Attention {
    plan: SeatPlan,
    hub: String,
    watch: Arc<Watch>,
    talks: watch::Sender<bool>,
    hands: Hands,
    eye: Eye,
    log_in_at: Instant,
}

impl Attention {
    fn new(plan: SeatPlan, hub: String, watch: Arc<Watch>, talks: watch::Sender<bool>) -> Self {
        let hands = Hands::new(
            generator(plan.seed, "operator", plan.index as u64),
            plan.seat.clone(),
            plan.unit.clone(),
            plan.targets.clone(),
            plan.plugin_fails,
        );
        let (eye, log_in_at) = (Eye::default(), Instant::now());
        Self { plan, hub, watch, talks, hands, eye, log_in_at }
    }

    fn log(&self, what: &str) {
        self.watch.log(self.plan.seat.as_str(), what);
    }

    /// The desk is dead; the next one finds its session by itself, or somebody logs in anew.
    fn desk_died(&mut self, down: Duration) {
        self.talks.send_replace(false);
        self.hands.look_anew();
        self.eye = Eye::default();
        self.log_in_at = Instant::now() + down + RESUME_WITHIN;
    }

    /// Looks at the desk; what is pressed now, if anything.
    fn look(&mut self, state: &DeskState) -> Option<Intent> {
        self.eye.look(&self.plan.seat, state, &self.watch);
        let up = state.call.as_ref().is_some_and(|call| call.phone == PhoneState::Connected);
        self.talks.send_if_modified(|was| std::mem::replace(was, up) != up);
        let now = Instant::now();
        let pressed = if state.session.is_none() && state.hub == LinkHealth::Off {
            if now < self.log_in_at {
                return None;
            }
            self.log_in_at = now + LOGIN_AGAIN;
            Some(Intent::Login {
                hub: self.hub.clone(),
                seat: self.plan.seat.clone(),
                operator: self.plan.operator.clone(),
                password: self.plan.password.clone(),
            })
        } else {
            self.hands.next(now, state)
        };
        if let Some(intent) = &pressed {
            log_intent(&self.watch, &self.plan.seat, intent);
            self.note_typed(intent, state);
        }
        pressed
    }

    /// What is typed was typed, though the desk may learn in the same moment that the call is no longer
    /// its own, and then never show it.
    fn note_typed(&self, intent: &Intent, state: &DeskState) {
        if let (Intent::Edit { call, form }, Some(shown)) = (intent, &state.call)
            && shown.call == *call
        {
            self.watch.note(|notebook| notebook.forms.typed(*call, shown.rev + 1, form));
        }
    }
}

/// All lives of a desk on this thread, one after the other.
fn lives(mut attention: Attention, mut orders: mpsc::Receiver<Order>) {
    loop {
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return attention.log(&format!("no runtime: {error}")),
        };
        let down = runtime.block_on(sit(&mut attention, &mut orders));
        // Everything of the desk stops where it is; the system closes its sockets.
        runtime.shutdown_background();
        let Some(down) = down else { return };
        attention.desk_died(down);
        std::thread::sleep(down);
    }
}

/// One life of a desk: gives for how long it is dead afterwards, or nothing when it is over.
async fn sit(attention: &mut Attention, orders: &mut mpsc::Receiver<Order>) -> Option<Duration> {
    let plan = &attention.plan;
    let (desk, mut states) = Desk::start(DeskConfig {
        audio: AudioChoice::Given {
            input: Box::new(Speaker::new(plan.voice.clone()).humming(pilot_of(plan.index))),
            output: Box::new(Deaf),
            name: "soak".to_owned(),
        },
        data_dir: plan.data_dir.clone(),
        media: MediaConfig { complexity: 0, ..MediaConfig::loopback() },
        limits: Limits::default(),
        training: true,
        coach: None,
    });
    let mut looks = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            order = orders.recv() => match order {
                Some(Order::Die { down }) => return Some(down),
                // The only thread of this desk stands still.
                Some(Order::Freeze { span }) => std::thread::sleep(span),
                Some(Order::Leave) | None => {
                    let _ = tokio::time::timeout(LEAVE_WITHIN, desk.shut_down()).await;
                    return None;
                }
            },
            changed = states.changed() => if changed.is_err() {
                attention.log("the desk has ended by itself");
                return Some(Duration::from_secs(1));
            },
            _ = looks.tick() => {}
        }
        let state = states.borrow_and_update().clone();
        if let Some(intent) = attention.look(&state)
            && desk.send(intent).await.is_err()
        {
            return Some(Duration::from_secs(1));
        }
    }
}

/// All lives of a desk that is a process: it is killed by `SIGKILL` and stopped by `SIGSTOP`.
async fn lives_apart(
    mut attention: Attention,
    program: PathBuf,
    mut orders: mpsc::Receiver<Order>,
) -> anyhow::Result<()> {
    let plan = &attention.plan;
    std::fs::create_dir_all(&plan.data_dir)?;
    let (voice, heard) = (plan.data_dir.join("voice.wav"), plan.data_dir.join("heard.raw"));
    siaga_testkit::wav::write(&voice, &plan.voice, siaga_media::SAMPLE_RATE)?;
    let command = vec![program.to_string_lossy().into_owned()];
    let desk = DeskProcess::start(
        command,
        DeskProgram {
            hub: attention.hub.clone(),
            seat: plan.seat.clone(),
            operator: plan.operator.clone(),
            password: plan.password.clone(),
            data: plan.data_dir.clone(),
            voice: Some(voice),
            pilot: Some(pilot_of(plan.index)),
            heard,
            network: false,
        },
    )
    .await?;
    // It sits down by itself.
    attention.log_in_at = Instant::now() + RESUME_WITHIN;
    let mut states = desk.state();
    let mut looks = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            order = orders.recv() => match order {
                Some(Order::Die { down }) => {
                    desk.kill().await?;
                    attention.desk_died(down);
                    tokio::time::sleep(down).await;
                    desk.start_again().await?;
                }
                Some(Order::Freeze { span }) => {
                    desk.freeze(true).await?;
                    tokio::time::sleep(span).await;
                    desk.freeze(false).await?;
                }
                Some(Order::Leave) | None => {
                    desk.leave().await;
                    return Ok(());
                }
            },
            changed = states.changed() => changed?,
            _ = looks.tick() => {}
        }
        let state = states.borrow_and_update().clone();
        if let Some(intent) = attention.look(&state) {
            desk.send(&intent).await?;
        }
    }
}

fn log_intent(watch: &Watch, seat: &SeatId, intent: &Intent) {
    let text = match intent {
        Intent::Edit { .. } => "types".to_owned(),
        Intent::Login { .. } => "logs in".to_owned(),
        other => format!("{other:?}"),
    };
    watch.log(seat.as_str(), &text);
}

/// Somebody who listens to nothing: callers are listened to by the recording.
struct Deaf;

impl AudioOut for Deaf {
    fn push(&mut self, _frame: &Frame) {}
}

/// What a desk shows of forms and notices, told to the notebook.
#[derive(Default)]
struct Eye {
    writes: Option<CallId>,
    noticed: bool,
}

impl Eye {
    fn look(&mut self, seat: &SeatId, state: &DeskState, watch: &Watch) {
        match &state.notice {
            Some(notice) if !self.noticed => {
                let words = format!("{:?}", notice.error);
                watch.log(seat.as_str(), &format!("notice {words}"));
                watch.note(|notebook| *notebook.notices.entry(words).or_default() += 1);
            }
            Some(_) | None => {}
        }
        self.noticed = state.notice.is_some();
        let Some(call) = &state.call else {
            self.writes = None;
            return;
        };
        if !call.writable {
            self.writes = None;
            return;
        }
        let now = watch.now();
        watch.note(|notebook| {
            if self.writes != Some(call.call) {
                notebook.forms.taken(now, call.call, seat, call.rev, &call.form);
            }
            notebook.forms.typed(call.call, call.rev, &call.form);
            notebook.forms.kept(now, call.call, call.saved_rev);
        });
        self.writes = Some(call.call);
    }
}

/// When the first fault of a desk may come: not while everybody still sits down.
pub(super) fn first_pause(seed: u64, index: usize) -> Duration {
    between(&mut generator(seed, "settling", index as u64), 2_000, 8_000)
}
