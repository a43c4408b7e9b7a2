//! Training at the window: callers ring a real person's desk, and the Polres are played. Either one
//! scenario after the other rings by itself, or the trainee chooses lessons (`crate::lesson`).

use crate::caller::{Caller, CallerConfig, CallerState};
use crate::judge::POLRES_HZ;
use crate::lesson::coach::{CoachConfig, Coaching};
use crate::operator::Operator;
use crate::scenario::{PolresPart, Scenario};
use crate::sound::{Speaker, voice_of};
use crate::stage::{OPERATOR, POLDA, Stage, StageConfig, seat_of};
use crate::voices;
use siaga_audio_devices::Selection;
use siaga_call_flow::{FlowConfig, FlowEvent};
use siaga_desk::{
    AudioChoice, Coach, DeskConfig, DeskHandle, DeskState, Intent, PhoneState, TrainingView,
};
use siaga_hub::HubNews;
use siaga_media::MediaConfig;
use siaga_model::{Disposition, Redacted, SeatId, SeatState, UnitId};
use siaga_plugin_host::Limits;
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{broadcast, mpsc, watch};
use tokio_util::sync::CancellationToken;

/// The Polres that are played. The others have nobody at their desks, as on many a night.
const PLAYED: [&str; 4] = ["pmj.depok", "pmj.jaksel", "pmj.jaktim", "pmj.jakpus"];

/// From "ready" to the next ring.
const BREATHER: Duration = Duration::from_secs(2);
/// From a Polres' ring to its operator's hand.
const REACH: Duration = Duration::from_millis(2500);
/// How long a played Polres talks before it closes.
const POLRES_TALK: Duration = Duration::from_secs(12);

/// What is trained, over and over, in this order.
const PROGRAMME: [Scenario; 5] = [
    Scenario::PolresBusy,
    Scenario::ValidTransfer,
    Scenario::Information,
    Scenario::NotValid,
    Scenario::PolresSilent,
];

/// How an exercise is set up.
pub struct ExerciseConfig {
    /// Folder with the plugins' components.
    pub plugins: PathBuf,
    /// Folder for the exercise's files; made if missing.
    pub dir: PathBuf,
    /// What comes first; the others follow in their order. `None`: the trainee chooses lessons.
    pub first: Option<Scenario>,
    /// Folder in which the scores of lessons are written when the trainee wants them; made then.
    pub scores: PathBuf,
}

/// Wishes that may wait for the coach.
const WISHES: usize = 16;

/// The colleague who takes what was reported before a lesson sits at this seat of the Polda, which
/// is the last one that a second trainee would choose.
const COLLEAGUE: u32 = 5;

/// A running exercise.
pub struct Exercise {
    /// The hub's address.
    pub hub: String,
    /// The trainee's seat.
    pub seat: SeatId,
    /// The account to log in with, at this seat and at any other.
    pub operator: String,
    /// Its password, drawn anew each time.
    pub password: Redacted<String>,
    desk_dir: PathBuf,
    stop: CancellationToken,
    stage: Stage,
    /// What the desk gets of the coach, until it is started.
    coach: Option<Coach>,
    /// The coach, until the desk is there.
    coaching: Option<CoachConfig>,
}

impl Exercise {
    /// Sets the stage, seats the played operators, and lets callers ring as soon as somebody at the
    /// Polda is ready.
    ///
    /// # Errors
    /// When the stage cannot be set or a played operator cannot sit down.
    pub async fn open(config: ExerciseConfig) -> anyhow::Result<Self> {
        let stage = Stage::open(StageConfig {
            dir: config.dir,
            plugins: config.plugins,
            flow: FlowConfig::polda_first(),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        })
        .await?;
        let stop = CancellationToken::new();
        let (polres, part) = watch::channel(PolresPart::Answers);
        let polres_voice = voice_of(voices::POLRES)?;
        for unit in PLAYED {
            let unit: UnitId = unit.parse()?;
            let speaker = Speaker::new(polres_voice.clone()).humming(POLRES_HZ);
            let operator = stage.seat(&seat_of(&unit, 1), speaker).await?;
            let task = attend(operator, unit, part.clone());
            let stopped = stop.clone();
            tokio::spawn(async move {
                tokio::select! {
                    () = stopped.cancelled() => {}
                    () = task => {}
                }
            });
        }
        let polda = POLDA.parse()?;
        let seat = seat_of(&polda, 1);
        let (mut coach, mut coaching) = (None, None);
        if let Some(first) = config.first {
            let callers = Callers { endpoint: stage.endpoint(), polres, first };
            let (news, stopped) = (stage.hub.events(), stop.clone());
            tokio::spawn(async move {
                tokio::select! {
                    () = stopped.cancelled() => {}
                    result = callers.run(news) => if let Err(error) = result {
                        tracing::error!(error = %format!("{error:#}"), "no more callers");
                    },
                }
            });
        } else {
            let (wishes_in, wishes) = mpsc::channel(WISHES);
            let (view, shown) = watch::channel(TrainingView::default());
            coach = Some(Coach { wishes: wishes_in, view: shown });
            let voice = Speaker::new(voice_of(voices::SECOND_POLDA)?);
            coaching = Some(CoachConfig {
                endpoint: stage.endpoint(),
                news: stage.hub.events(),
                polres,
                seat: seat.clone(),
                scores: config.scores,
                colleague: stage.seat(&seat_of(&polda, COLLEAGUE), voice).await?,
                wishes,
                view,
            });
        }
        Ok(Self {
            hub: stage.hub.url(),
            operator: OPERATOR.to_owned(),
            password: stage.password().clone(),
            desk_dir: stage.desk_dir(&seat),
            seat,
            stop,
            stage,
            coach,
            coaching,
        })
    }

    /// The trainee's desk: at the sound cards of this machine, if it has any. The first one that is
    /// asked for has the coach behind it, if there is one.
    pub fn desk(&mut self) -> DeskConfig {
        DeskConfig {
            audio: AudioChoice::Devices(Selection::default()),
            data_dir: self.desk_dir.clone(),
            media: MediaConfig::loopback(),
            limits: Limits::default(),
            training: true,
            coach: self.coach.take(),
        }
    }

    /// Whether the trainee chooses lessons: then nobody calls until one was chosen.
    pub fn has_lessons(&self) -> bool {
        self.coaching.is_some()
    }

    /// Begins to coach whoever sits at this desk, if the trainee chooses lessons.
    ///
    /// # Errors
    /// When a lesson makes no sense.
    pub fn coach(
        &mut self,
        desk: DeskHandle,
        states: watch::Receiver<Arc<DeskState>>,
    ) -> anyhow::Result<()> {
        let Some(config) = self.coaching.take() else { return Ok(()) };
        let (coaching, stopped) = (Coaching::new(config, desk, states)?, self.stop.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = stopped.cancelled() => {}
                () = coaching.run() => {}
            }
        });
        Ok(())
    }

    /// How the trainee's desk sits down.
    pub fn login(&self) -> Intent {
        Intent::Login {
            hub: self.hub.clone(),
            seat: self.seat.clone(),
            operator: self.operator.clone(),
            password: self.password.clone(),
        }
    }

    /// Ends everything.
    pub async fn close(self) {
        self.stop.cancel();
        self.stage.close().await;
    }
}

/// What was asked for, then the programme from there on; from its beginning, when it was something
/// that is not trained over and over.
fn programme(first: Scenario) -> impl Iterator<Item = Scenario> {
    let next = PROGRAMME.iter().position(|scenario| *scenario == first).map_or(0, |at| at + 1);
    std::iter::once(first).chain(PROGRAMME.into_iter().cycle().skip(next))
}

struct Callers {
    endpoint: siaga_switch::SipEndpoint,
    polres: watch::Sender<PolresPart>,
    first: Scenario,
}

impl Callers {
    async fn run(self, mut news: broadcast::Receiver<HubNews>) -> anyhow::Result<()> {
        let mut ready = ReadySeats::default();
        for (n, scenario) in programme(self.first).enumerate() {
            while ready.0.is_empty() {
                ready.hear(news.recv().await)?;
            }
            tokio::time::sleep(BREATHER).await;
            let story = scenario.story();
            self.polres.send_replace(story.trained_polres());
            let voice = voice_of(story.cast().caller)?;
            let mut caller = Caller::dial(CallerConfig {
                endpoint: self.endpoint.clone(),
                // Invented: blocks of zeros.
                number: format!("08220000{:04}", 1108 + n % 100),
                speaker: Speaker::new(voice).on_a_noisy_line(),
                link: None,
            })
            .await?;
            // However long it takes: a trainee may read the form.
            let ended = caller.state.wait_for(|state| matches!(state, CallerState::Ended { .. }));
            tokio::pin!(ended);
            loop {
                tokio::select! {
                    _ = &mut ended => break,
                    item = news.recv() => ready.hear(item)?,
                }
            }
        }
        Ok(())
    }
}

/// The seats of the Polda that wait for a call.
#[derive(Default)]
struct ReadySeats(BTreeSet<SeatId>);

impl ReadySeats {
    fn hear(&mut self, item: Result<HubNews, broadcast::error::RecvError>) -> anyhow::Result<()> {
        match item {
            Ok(HubNews::Flow { event: FlowEvent::SeatState { seat, state }, .. }) => {
                // `pmj-1` is the Polda's, `depok-1` a Polres'.
                if !seat.as_str().starts_with(POLDA) {
                    return Ok(());
                }
                if state == SeatState::Ready {
                    self.0.insert(seat);
                } else {
                    self.0.remove(&seat);
                }
                Ok(())
            }
            Ok(_) => Ok(()),
            // Unknown is not ready; the next seat that becomes ready counts.
            Err(broadcast::error::RecvError::Lagged(_)) => {
                self.0.clear();
                Ok(())
            }
            Err(error @ broadcast::error::RecvError::Closed) => Err(error.into()),
        }
    }
}

/// Plays a Polres for as long as the exercise goes. A trainee may do anything: what goes wrong at one
/// call (taken back just before the answer, closed while talking) must not empty the seat.
async fn attend(operator: Operator, unit: UnitId, part: watch::Receiver<PolresPart>) {
    loop {
        if let Err(error) = take_a_call(&operator, &unit, &part).await {
            tracing::debug!(seat = %operator.seat, error = %format!("{error:#}"), "a call went otherwise");
            tokio::time::sleep(BREATHER).await;
        }
        operator.dismiss_notice().await;
    }
}

async fn take_a_call(
    operator: &Operator,
    unit: &UnitId,
    part: &watch::Receiver<PolresPart>,
) -> anyhow::Result<()> {
    operator.be_ready().await?;
    operator
        .wait_as_long_as_it_takes(|state| {
            state.call.as_ref().is_some_and(|call| call.phone == PhoneState::Ringing)
        })
        .await?;
    tokio::time::sleep(REACH).await;
    let now = *part.borrow();
    match now {
        PolresPart::Declines => {
            operator.decline().await?;
        }
        PolresPart::IsSilent => {}
        PolresPart::Answers => {
            operator.answer().await?;
            tokio::time::sleep(POLRES_TALK).await;
            let disposition = Disposition::HandledByUnit { unit: unit.clone() };
            operator.close(disposition, "Patroli dikirim ke TKP.").await?;
        }
    }
    operator
        .wait_as_long_as_it_takes(|state| {
            state.call.as_ref().is_none_or(|call| call.phone == PhoneState::Gone)
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_programme_begins_with_what_was_asked_for_and_never_ends() {
        let told = |first| programme(first).take(4).collect::<Vec<_>>();
        let [busy, valid, information, not_valid, silent] = PROGRAMME;
        assert_eq!(told(information), [information, not_valid, silent, busy]);
        assert_eq!(told(silent), [silent, busy, valid, information]);
        assert_eq!(
            told(Scenario::OperatorDies),
            [Scenario::OperatorDies, busy, valid, information]
        );
    }
}
