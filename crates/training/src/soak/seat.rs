//! One desk and its operator, on a thread and a runtime of their own, so that they can be stopped
//! without a word or stand still with all their sockets open.

use super::cable::Cable;
use super::ear::pilot_of;
use super::hands::Hands;
use super::plan::{Fault, Faults, between, generator};
use super::watch::Watch;
use crate::sound::Speaker;
use siaga_audio_devices::{AudioOut, Frame};
use siaga_desk::{AudioChoice, Desk, DeskConfig, DeskState, Intent, LinkHealth, PhoneState};
use siaga_media::MediaConfig;
use siaga_model::{CallId, Redacted, SeatId, UnitId};
use siaga_plugin_host::Limits;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
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
    talking: tokio::sync::watch::Receiver<bool>,
    thread: std::thread::JoinHandle<()>,
}

impl Seat {
    /// Seats somebody behind this cable.
    pub(super) fn staff(plan: SeatPlan, cable: Cable, watch: Arc<Watch>) -> std::io::Result<Self> {
        let (orders, receiver) = mpsc::channel(ORDERS);
        let (talks, talking) = tokio::sync::watch::channel(false);
        let hub = cable.hub_url().to_owned();
        let seat = plan.seat.clone();
        let thread = std::thread::Builder::new()
            .name(plan.seat.to_string())
            .spawn(move || life(&plan, &hub, &watch, receiver, &talks))?;
        Ok(Self { seat, cable, orders, talking, thread })
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
        let _ = tokio::task::spawn_blocking(move || self.thread.join()).await;
    }
}

/// All lives of a desk, one after the other.
fn life(
    plan: &SeatPlan,
    hub: &str,
    watch: &Arc<Watch>,
    mut orders: mpsc::Receiver<Order>,
    talks: &tokio::sync::watch::Sender<bool>,
) {
    let rng = generator(plan.seed, "operator", plan.index as u64);
    let mut hands = Hands::new(
        rng,
        plan.seat.clone(),
        plan.unit.clone(),
        plan.targets.clone(),
        plan.plugin_fails,
    );
    let mut first = true;
    loop {
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return watch.log(plan.seat.as_str(), &format!("no runtime: {error}")),
        };
        let down = runtime.block_on(sit(plan, hub, watch, &mut orders, &mut hands, talks, first));
        // Everything of the desk stops where it is; the system closes its sockets.
        runtime.shutdown_background();
        first = false;
        talks.send_replace(false);
        hands.look_anew();
        match down {
            Some(down) => std::thread::sleep(down),
            None => return,
        }
    }
}

/// One life of a desk: gives for how long it is dead afterwards, or nothing when it is over.
async fn sit(
    plan: &SeatPlan,
    hub: &str,
    watch: &Arc<Watch>,
    orders: &mut mpsc::Receiver<Order>,
    hands: &mut Hands,
    talks: &tokio::sync::watch::Sender<bool>,
    first: bool,
) -> Option<Duration> {
    let pilot = pilot_of(plan.index);
    let (desk, mut states) = Desk::start(DeskConfig {
        audio: AudioChoice::Given {
            input: Box::new(Speaker::new(plan.voice.clone()).humming(pilot)),
            output: Box::new(Deaf),
            name: "soak".to_owned(),
        },
        data_dir: plan.data_dir.clone(),
        media: MediaConfig { complexity: 0, ..MediaConfig::loopback() },
        limits: Limits::default(),
        training: true,
    });
    let mut log_in_at = Instant::now() + if first { Duration::ZERO } else { RESUME_WITHIN };
    let mut eye = Eye::default();
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
                watch.log(plan.seat.as_str(), "the desk has ended by itself");
                return Some(Duration::from_secs(1));
            },
            _ = looks.tick() => {}
        }
        let state = states.borrow_and_update().clone();
        eye.look(&plan.seat, &state, watch);
        let up = state.call.as_ref().is_some_and(|call| call.phone == PhoneState::Connected);
        talks.send_if_modified(|was| std::mem::replace(was, up) != up);
        let now = Instant::now();
        let intent = if state.session.is_none() && state.hub == LinkHealth::Off {
            if now < log_in_at {
                continue;
            }
            log_in_at = now + LOGIN_AGAIN;
            Some(Intent::Login {
                hub: hub.to_owned(),
                seat: plan.seat.clone(),
                operator: plan.operator.clone(),
                password: plan.password.clone(),
            })
        } else {
            hands.next(now, &state)
        };
        if let Some(intent) = intent {
            log_intent(watch, &plan.seat, &intent);
            if desk.send(intent).await.is_err() {
                return Some(Duration::from_secs(1));
            }
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
