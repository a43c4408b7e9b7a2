//! Lessons behind a real desk: a trainee chooses, answers, asks, closes, and has the points; over real
//! sockets, with the caller's real voice.

use crate::room::{BareDesk, ONE_AT_A_TIME, plugins};
use siaga_desk::{
    AudioChoice, Desk, DeskConfig, DeskState, Intent, PhoneState, Score, ScoreKind, SpokenBy,
    TrainingStage, TrainingWish,
};
use siaga_hub_api::{Phase, SearchQuery};
use siaga_model::{Disposition, NotReport, SeatState, UnitId};
use siaga_training::{Ear, Exercise, ExerciseConfig, Speaker};
use std::path::Path;
use std::sync::Arc;

/// An exercise with lessons, and the trainee's desk.
struct Lessons {
    desk: BareDesk,
    ear: Ear,
    exercise: Exercise,
    folder: tempfile::TempDir,
}

impl Lessons {
    async fn open(plugins: &Path) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut exercise = Exercise::open(ExerciseConfig {
            plugins: plugins.to_owned(),
            dir: folder.path().join("stage"),
            first: None,
            scores: folder.path().join("scores"),
        })
        .await?;
        let ear = Ear::default();
        // A trainee who says nothing, in place of the machine's sound cards.
        let audio = AudioChoice::Given {
            input: Box::new(Speaker::new(Arc::from([]))),
            output: Box::new(ear.clone()),
            name: "test".to_owned(),
        };
        let (desk, state) = Desk::start(DeskConfig { audio, ..exercise.desk() });
        exercise.coach(desk.clone(), state.clone())?;
        let desk = BareDesk { desk, state };
        desk.want(exercise.login()).await;
        desk.until("being seated", |state| {
            state.view.is_some() && state.sip == siaga_desk::LinkHealth::Up
        })
        .await?;
        Ok(Self { desk, ear, exercise, folder })
    }

    async fn wish(&self, wish: TrainingWish) {
        self.desk.want(Intent::Training { wish }).await;
    }

    async fn ask(&self, question: &str) -> anyhow::Result<()> {
        let said = |state: &DeskState| match stage(state) {
            Some(TrainingStage::Playing { said, .. }) => said.len(),
            _ => 0,
        };
        let before = said(&self.desk.state.borrow());
        self.wish(TrainingWish::Ask { question: question.to_owned() }).await;
        self.desk.until("the question to be noted", |state| said(state) > before).await?;
        Ok(())
    }

    /// Begins a lesson and answers its caller.
    async fn answer(&self, lesson: &str) -> anyhow::Result<()> {
        self.wish(TrainingWish::Begin { lesson: lesson.to_owned() }).await;
        let rings = |state: &DeskState| {
            state.call.as_ref().is_some_and(|call| call.phone == PhoneState::Ringing)
        };
        self.desk.until("the caller", rings).await?;
        self.desk.want(Intent::Answer).await;
        self.desk
            .until("the caller's first words", |state| match stage(state) {
                Some(TrainingStage::Playing { said, .. }) => {
                    said.iter().any(|said| said.by == SpokenBy::Caller)
                }
                _ => false,
            })
            .await?;
        Ok(())
    }

    async fn score(&self) -> anyhow::Result<Score> {
        let over = |state: &DeskState| matches!(stage(state), Some(TrainingStage::Scored { .. }));
        let state = self.desk.until("the points", over).await?;
        match stage(&state) {
            Some(TrainingStage::Scored { score, .. }) => Ok((**score).clone()),
            _ => anyhow::bail!("it was just there"),
        }
    }

    async fn close(self) {
        self.desk.desk.shut_down().await;
        self.exercise.close().await;
    }
}

fn stage(state: &DeskState) -> Option<&TrainingStage> {
    state.exercise.as_ref().map(|view| &view.stage)
}

fn points(score: &Score, kind: ScoreKind) -> (u8, u8) {
    let item = score.items.iter().find(|item| item.kind == kind).expect("it is scored");
    (item.points, item.of)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trainee_who_asks_and_closes_as_is_right_has_all_points_and_a_file() {
    let name = "a_trainee_who_asks_and_closes_as_is_right_has_all_points_and_a_file";
    let Some(plugins) = plugins(name) else { return };
    let _alone = ONE_AT_A_TIME.lock().await;
    right_from_the_start(&plugins).await.expect("the lesson is played");
}

async fn right_from_the_start(plugins: &Path) -> anyhow::Result<()> {
    let lessons = Lessons::open(plugins).await?;
    let state = lessons.desk.state.borrow().clone();
    let view = state.exercise.as_ref().expect("there are lessons");
    assert!(view.lessons.len() >= 6 && view.stage == TrainingStage::Choosing);
    assert_ne!(
        state.view.as_ref().expect("seated").seat.state,
        SeatState::Ready,
        "nobody calls before a lesson was chosen"
    );

    lessons.answer("iseng").await?;
    lessons.ask("what").await?;
    lessons.ask("safe").await?;
    lessons.wish(TrainingWish::Pressed { keys: 5 }).await;
    let disposition = Disposition::NotReport { reason: NotReport::Prank };
    let note = String::new();
    lessons.desk.want(Intent::Dispose { disposition, note, sure: true }).await;
    let score = lessons.score().await?;
    assert_eq!((score.points, &score.missed[..]), (100, &[][..]), "{:?}", score.items);
    assert_eq!(points(&score, ScoreKind::Presses), (10, 10));
    let admitted = score.said.iter().any(|said| said.text.contains("Iseng saja"));
    assert!(admitted, "the child has answered: {:?}", score.said);
    let loud = lessons.ear.heard().samples.iter().filter(|s| s.unsigned_abs() > 2_000).count();
    assert!(loud > 4_800, "the caller was heard");

    lessons.wish(TrainingWish::Export).await;
    let state = lessons
        .desk
        .until("the file", |state| {
            matches!(stage(state), Some(TrainingStage::Scored { file: Some(_), .. }))
        })
        .await?;
    let Some(TrainingStage::Scored { file: Some(file), .. }) = stage(&state) else {
        anyhow::bail!("it was just there");
    };
    assert!(Path::new(file).starts_with(lessons.folder.path()));
    let json = std::fs::read(Path::new(file).with_extension("json"))?;
    assert_eq!(serde_json::from_slice::<Score>(&json)?, score);

    lessons.wish(TrainingWish::Leave).await;
    lessons
        .desk
        .until("the choice, with the best score", |state| {
            state.exercise.as_ref().is_some_and(|view| {
                view.stage == TrainingStage::Choosing && view.lessons[0].best == Some(100)
            })
        })
        .await?;
    lessons.close().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_polres_that_declines_is_scored_and_the_earlier_report_is_there_to_be_found() {
    let name = "a_polres_that_declines_is_scored_and_the_earlier_report_is_there_to_be_found";
    let Some(plugins) = plugins(name) else { return };
    let _alone = ONE_AT_A_TIME.lock().await;
    busy_and_twice(&plugins).await.expect("both lessons are played");
}

async fn busy_and_twice(plugins: &Path) -> anyhow::Result<()> {
    let lessons = Lessons::open(plugins).await?;
    let depok: UnitId = "pmj.depok".parse()?;

    // Nothing is asked; the Polres declines, the report is forwarded.
    lessons.answer("polres-sibuk").await?;
    lessons.desk.want(Intent::Transfer { unit: depok.clone(), handover: None }).await;
    let back = |state: &DeskState| {
        let call = state.view.as_ref().and_then(|view| view.call.as_ref());
        call.is_some_and(|call| matches!(call.phase, Phase::Talking { reclaimed: Some(_), .. }))
    };
    lessons.desk.until("the caller back", back).await?;
    let disposition = Disposition::ForwardedToUnit { unit: depok.clone() };
    lessons.desk.want(Intent::Close { disposition, note: String::new() }).await;
    let score = lessons.score().await?;
    assert_eq!(points(&score, ScoreKind::Destination), (20, 20));
    assert_eq!(points(&score, ScoreKind::Closing), (10, 10));
    assert_eq!(points(&score, ScoreKind::Questions), (0, 30));
    assert_eq!(score.missed.len(), 4, "{:?}", score.missed);
    assert!(score.points < 70, "{}", score.points);

    // Another lesson at once: somebody else has reported the same fire before.
    lessons.answer("ganda").await?;
    let query = SearchQuery { text: "api dari dapur".to_owned().into(), from: 0, count: 10 };
    lessons.desk.want(Intent::Search { query }).await;
    let earlier = |state: &DeskState| {
        let found = state.search.as_ref().and_then(|search| search.found.as_ref());
        found.is_some_and(|(_, list)| list.hits.iter().any(|hit| hit.case.is_some()))
    };
    lessons.desk.until("the earlier report", earlier).await?;
    lessons.ask("same").await?;
    lessons
        .desk
        .want(Intent::Close { disposition: Disposition::HandledHere, note: String::new() })
        .await;
    let score = lessons.score().await?;
    assert_eq!(points(&score, ScoreKind::Closing), (0, 10));
    assert!(score.items.iter().any(|item| item.better.contains("Depok")), "{:?}", score.items);
    lessons.close().await;
    Ok(())
}
