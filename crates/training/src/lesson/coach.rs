//! Puts lessons behind a desk: has callers dial, tells them what they are asked, watches the call and
//! gives the points.
//!
//! It sees what any observer sees: the hub's news, the desk's state, the line's end. It touches no
//! call; the trainee's desk is told to be ready when a lesson begins, and that is all.

use super::run::Run;
use super::score::{self, Facts};
use super::{Earlier, Lesson, clips, export};
use crate::caller::{Caller, CallerConfig, CallerState};
use crate::operator::{Operator, PATIENCE};
use crate::scenario::PolresPart;
use crate::sound::Speaker;
use crate::stage::UTC_OFFSET_H;
use anyhow::Context;
use siaga_call_flow::FlowEvent;
use siaga_desk::{DeskHandle, DeskState, Intent, Said, TrainingStage, TrainingView, TrainingWish};
use siaga_hub::HubNews;
use siaga_model::{Disposition, SeatId, SeatState, Timestamp};
use siaga_switch::SipEndpoint;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{broadcast, mpsc, watch};

/// From "ready" to the ring.
const BREATHER: Duration = Duration::from_secs(2);

/// What a coach works with.
pub(crate) struct CoachConfig {
    /// Where callers dial.
    pub(crate) endpoint: SipEndpoint,
    /// What happens at the hub.
    pub(crate) news: broadcast::Receiver<HubNews>,
    /// How a Polres behaves that is called.
    pub(crate) polres: watch::Sender<PolresPart>,
    /// The trainee's seat.
    pub(crate) seat: SeatId,
    /// Where scores are written.
    pub(crate) scores: PathBuf,
    /// Somebody at another desk of the Polda, who takes the reports that came before.
    pub(crate) colleague: Operator,
    /// What the trainee wants.
    pub(crate) wishes: mpsc::Receiver<TrainingWish>,
    /// What the trainee sees.
    pub(crate) view: watch::Sender<TrainingView>,
}

/// See the module.
pub(crate) struct Coaching {
    config: CoachConfig,
    lessons: Vec<Arc<Lesson>>,
    best: BTreeMap<String, u8>,
    desk: DeskHandle,
    states: watch::Receiver<Arc<DeskState>>,
    stage: Stage,
}

/// How far the trainee has come.
enum Stage {
    Choosing,
    Playing(Box<Run>),
    Over(Box<Over>),
}

/// A lesson that ended.
struct Over {
    lesson: Arc<Lesson>,
    facts: Facts,
    said: Vec<Said>,
    ended_at: String,
    file: Option<String>,
    not_written: Option<String>,
}

impl Coaching {
    /// A coach of the trainee at this desk.
    ///
    /// # Errors
    /// When a lesson makes no sense.
    pub(crate) fn new(
        config: CoachConfig,
        desk: DeskHandle,
        states: watch::Receiver<Arc<DeskState>>,
    ) -> anyhow::Result<Self> {
        let lessons = Lesson::all()?.into_iter().map(Arc::new).collect();
        Ok(Self { config, lessons, best: BTreeMap::new(), desk, states, stage: Stage::Choosing })
    }

    /// Coaches until nobody can want anything any more.
    pub(crate) async fn run(mut self) {
        loop {
            self.show();
            let (due, on_line) = match &self.stage {
                Stage::Playing(run) => {
                    let line = run.line.as_ref().filter(|_| !run.hung_up);
                    (run.due(), line.map(|(line, _)| line))
                }
                Stage::Choosing | Stage::Over(_) => (None, None),
            };
            let mut line = on_line.map(|line| line.state.clone());
            tokio::select! {
                wish = self.config.wishes.recv() => match wish {
                    Some(wish) => self.on_wish(wish).await,
                    None => return,
                },
                item = self.config.news.recv() => match item {
                    Ok(HubNews::Flow { at, event }) => self.on_event(at, &event).await,
                    // Whoever lags behind has missed part of a call that is being scored.
                    Err(broadcast::error::RecvError::Lagged(n)) => {
                        tracing::warn!(n, "the coach has missed something");
                    }
                    Ok(_) => {}
                    Err(broadcast::error::RecvError::Closed) => return,
                },
                changed = self.states.changed() => match changed {
                    Ok(()) => self.on_state().await,
                    Err(_) => return,
                },
                () = ended(&mut line) => self.line_ended(),
                () = until(due) => self.on_time().await,
            }
        }
    }

    fn show(&self) {
        let lessons = self.lessons.iter();
        let lessons = lessons.map(|lesson| lesson.info(self.best.get(&lesson.id).copied()));
        let stage = match &self.stage {
            Stage::Choosing => TrainingStage::Choosing,
            Stage::Playing(run) => run.shown(),
            Stage::Over(over) => TrainingStage::Scored {
                score: Box::new(over.score()),
                file: over.file.clone(),
                not_written: over.not_written.clone(),
            },
        };
        let view = TrainingView { lessons: lessons.collect(), stage };
        self.config.view.send_if_modified(|shown| {
            let other = *shown != view;
            *shown = view;
            other
        });
    }

    async fn on_wish(&mut self, wish: TrainingWish) {
        match (wish, &mut self.stage) {
            (TrainingWish::Begin { lesson }, Stage::Choosing | Stage::Over(_)) => {
                if let Err(error) = self.begin(&lesson).await {
                    tracing::error!(lesson, error = %format!("{error:#}"), "no lesson");
                    self.stage = Stage::Choosing;
                }
            }
            (TrainingWish::Ask { question }, Stage::Playing(run)) => run.ask(&question).await,
            (TrainingWish::Pressed { keys }, Stage::Playing(run)) => {
                run.facts.presses = Some(keys);
            }
            // The page counts until the call is closed, and may tell just after.
            (TrainingWish::Pressed { keys }, Stage::Over(over)) => {
                over.facts.presses = Some(keys);
            }
            (TrainingWish::BreakOff, Stage::Playing(run)) => {
                run.hang_up().await;
                self.stage = Stage::Choosing;
            }
            (TrainingWish::Export, Stage::Over(over)) => over.export(&self.config.scores).await,
            (TrainingWish::Leave, Stage::Over(_)) => self.stage = Stage::Choosing,
            // Pressed a moment too late, or twice.
            (
                TrainingWish::Begin { .. }
                | TrainingWish::Ask { .. }
                | TrainingWish::Pressed { .. }
                | TrainingWish::BreakOff
                | TrainingWish::Export
                | TrainingWish::Leave,
                _,
            ) => {}
        }
    }

    /// Gets everything ready, and the trainee; the caller dials when the seat waits for a call.
    async fn begin(&mut self, id: &str) -> anyhow::Result<()> {
        let lesson = self.lessons.iter().find(|lesson| lesson.id == id).cloned();
        let lesson = lesson.context("there is no such lesson")?;
        let lines =
            lesson.lines().map(|line| Ok((line.to_owned(), clips::spoken(&lesson.voice, line)?)));
        let lines = lines.collect::<anyhow::Result<BTreeMap<_, _>>>()?;
        self.config.polres.send_replace(lesson.polres);
        if let Some(earlier) = &lesson.earlier {
            // Nobody else may take that call.
            self.desk.send(Intent::Pause).await?;
            take_earlier(&self.config, earlier).await.context("the earlier report")?;
        }
        self.stage = Stage::Playing(Box::new(Run::new(lesson, lines)));
        // What is known of the seat may be old either way: it is told in any case, and whoever sees first
        // that it is ready has the caller dial.
        self.desk.send(Intent::Ready).await?;
        self.dial_when_ready().await
    }

    async fn dial_when_ready(&mut self) -> anyhow::Result<()> {
        let state = self.states.borrow().clone();
        match state.view.as_ref() {
            Some(view) if view.seat.state == SeatState::Ready => self.dial().await,
            Some(_) | None => Ok(()),
        }
    }

    /// The caller dials, unless it has.
    async fn dial(&mut self) -> anyhow::Result<()> {
        let Stage::Playing(run) = &mut self.stage else { return Ok(()) };
        if run.line.is_some() {
            return Ok(());
        }
        tokio::time::sleep(BREATHER).await;
        let (speaker, mouth) = Speaker::told();
        let line = Caller::dial(CallerConfig {
            endpoint: self.config.endpoint.clone(),
            number: run.lesson.number.clone(),
            speaker: speaker.on_a_noisy_line(),
            link: None,
        })
        .await?;
        run.line = Some((line, mouth));
        Ok(())
    }

    async fn on_event(&mut self, at: Timestamp, event: &FlowEvent) {
        let Stage::Playing(run) = &mut self.stage else { return };
        match event {
            FlowEvent::SeatState { seat, state: SeatState::Ready } if *seat == self.config.seat => {
                let dialled = self.dial().await;
                self.breaks_off_without_caller(dialled);
            }
            FlowEvent::CallerArrived { call, .. } if run.call.is_none() && run.line.is_some() => {
                run.call = Some(*call);
                run.lonely.begins(at);
            }
            event => {
                let ours = event.call().is_some() && event.call() == run.call;
                if ours && run.on_event(at, event, &self.config.seat) {
                    self.end(at);
                }
            }
        }
    }

    fn breaks_off_without_caller(&mut self, dialled: anyhow::Result<()>) {
        if let Err(error) = dialled {
            tracing::error!(error = %format!("{error:#}"), "the caller cannot dial");
            self.stage = Stage::Choosing;
        }
    }

    async fn on_state(&mut self) {
        let state = self.states.borrow_and_update().clone();
        if let Stage::Playing(run) = &mut self.stage
            && let Some(call) = state.call.as_ref().filter(|call| Some(call.call) == run.call)
        {
            run.facts.form = call.form.clone();
            run.is_muted(state.now, call.muted);
        }
        let dialled = self.dial_when_ready().await;
        self.breaks_off_without_caller(dialled);
    }

    fn line_ended(&mut self) {
        if let Stage::Playing(run) = &mut self.stage {
            (run.person, run.hung_up) = (None, true);
            if run.call.is_none() {
                tracing::error!("the caller was not let in");
                self.stage = Stage::Choosing;
            }
        }
    }

    async fn on_time(&mut self) {
        if let Stage::Playing(run) = &mut self.stage {
            run.on_time().await;
        }
    }

    /// The call is closed: the points.
    fn end(&mut self, at: Timestamp) {
        let Stage::Playing(run) = std::mem::replace(&mut self.stage, Stage::Choosing) else {
            return;
        };
        let Run { lesson, mut facts, said, lonely, .. } = *run;
        facts.longest_alone = lonely.longest(at);
        let ended_at = local(at);
        let over = Over { lesson, facts, said, ended_at, file: None, not_written: None };
        let points = over.score().points;
        let best = self.best.entry(over.lesson.id.clone()).or_default();
        *best = points.max(*best);
        self.stage = Stage::Over(Box::new(over));
    }
}

impl Over {
    fn score(&self) -> siaga_desk::Score {
        score::score(&self.lesson, &self.facts, self.said.clone(), self.ended_at.clone())
    }

    async fn export(&mut self, folder: &std::path::Path) {
        let (score, folder) = (self.score(), folder.to_owned());
        let written = tokio::task::spawn_blocking(move || export::write(&score, &folder)).await;
        match written.map_err(std::io::Error::other).flatten() {
            Ok(page) => (self.file, self.not_written) = (Some(page.display().to_string()), None),
            Err(error) => self.not_written = Some(error.to_string()),
        }
    }
}

/// The colleague takes a report from somebody else and passes it on.
async fn take_earlier(config: &CoachConfig, earlier: &Earlier) -> anyhow::Result<()> {
    let colleague = &config.colleague;
    colleague.be_ready().await?;
    let caller = Caller::dial(CallerConfig {
        endpoint: config.endpoint.clone(),
        number: earlier.number.clone(),
        speaker: Speaker::new(Arc::from([])).on_a_noisy_line(),
        link: None,
    })
    .await?;
    colleague.wait_for_ring().await?;
    colleague.answer().await?;
    colleague
        .write(|form| {
            form.location = earlier.location.clone().into();
            form.kind.clone_from(&earlier.kind);
            form.narrative = earlier.narrative.clone().into();
        })
        .await?;
    let disposition = Disposition::ForwardedToUnit { unit: earlier.unit.clone() };
    colleague.close(disposition, "").await?;
    caller.wait_for(PATIENCE, |state| matches!(state, CallerState::Ended { .. })).await?;
    colleague.want(Intent::Pause).await
}

/// A moment in the time of the Polda that trains, RFC 3339.
fn local(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    let local = jiff::tz::offset(UTC_OFFSET_H).to_datetime(at);
    format!("{}+{UTC_OFFSET_H:02}:00", local.strftime("%Y-%m-%dT%H:%M:%S"))
}

/// Until the line is ended; for ever when there is none.
async fn ended(line: &mut Option<watch::Receiver<CallerState>>) {
    match line {
        // A telephone that is gone has ended its line.
        Some(state) => drop(state.wait_for(|s| matches!(s, CallerState::Ended { .. })).await),
        None => std::future::pending().await,
    }
}

async fn until(due: Option<tokio::time::Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}
