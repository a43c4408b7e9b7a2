//! `webview-dies`: the process that draws the operator's window is killed in the middle of a call.
//! Nobody hears it, and the page that comes in its place has the form, the caret and the keys.

use super::{ANSWERED, ARRIVED, CLOSED, Cast, Expected, Limit, Measure, Scene, Since, Story};
use crate::desktop::{Desktop, DesktopConfig};
use crate::judge::POLDA_HZ;
use crate::operator::PATIENCE;
use crate::sound::RATE;
use crate::stage::{POLDA, seat_of};
use crate::voices;
use anyhow::{Context, ensure};
use siaga_call_flow::FlowEvent;
use siaga_hub_store::Store;
use siaga_model::{CallId, CaseStatus, Form, SeatState};
use std::time::{Duration, Instant};

const LOCATION: &str = "Kelapa Dua dekat Mako Brimob";
/// Typed before the page dies, and after it.
const BEGUN: &str = "Plp lapor rumah kebakaran";
const COMMA: char = ',';
const WENT_ON: &str = " api besar";

/// How long both talk before the page dies, and after it is back.
const STEADY: Duration = Duration::from_secs(3);
/// From the answer to the first key. The hub knows of the answer before the page has drawn the form, and
/// an operator types into what is there.
const SEEN: Duration = Duration::from_secs(1);
/// How often the store is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// The operator's line is dead when it is without any sound for so long. How well the two hear each
/// other is measured at the caller.
const GAP: Duration = STEADY;

pub(crate) struct WebviewDies;

#[async_trait::async_trait]
impl Story for WebviewDies {
    fn name(&self) -> &'static str {
        "webview-dies"
    }

    /// Nobody else: the operator sits at the window.
    fn cast(&self) -> Cast {
        Cast::new(voices::CALLER_FIRE, [])
    }

    async fn play(&self, scene: &Scene) -> anyhow::Result<()> {
        let store = &**scene.house.store();
        let seat = seat_of(&POLDA.parse()?, 1);
        let config = DesktopConfig {
            hub: scene.house.hub(),
            seat: seat.clone(),
            password: scene.house.password(),
            hz: POLDA_HZ,
        };
        let mut window = Desktop::open(config).await?;
        let is = |wanted: SeatState| {
            let seat = seat.clone();
            move |event: &FlowEvent| matches!(event, FlowEvent::SeatState { seat: s, state } if *s == seat && *state == wanted)
        };
        happens(store, "the seat is taken", is(SeatState::Paused)).await?;
        press_until(&window, "shift+F9", store, "the seat is ready", is(SeatState::Ready)).await?;

        let caller = scene.dial().await?;
        happens(store, "it rings", is(SeatState::Ringing)).await?;
        scene.mark("answer-pressed");
        let answered = |event: &FlowEvent| matches!(event, FlowEvent::Answered { .. });
        press_until(&window, "F9", store, "the answer", answered).await?;
        let call = happens(store, "the answer", answered).await?.context("which call?")?;

        tokio::time::sleep(SEEN).await;
        window.type_text(LOCATION)?;
        window.press("Tab")?;
        window.press("Tab")?;
        window.type_text(BEGUN)?;
        let typed = |narrative: String| {
            move |form: &Form| {
                form.location.expose() == LOCATION && *form.narrative.expose() == narrative
            }
        };
        is_written(store, call, typed(BEGUN.to_owned())).await?;
        tokio::time::sleep(STEADY).await;
        scene.mark("steady");

        let dies_at = Instant::now();
        window.kill_page()?;
        scene.fault("the process of the operator's page is killed");
        window.is_drawn(2).await?;
        let drawn_after = dies_at.elapsed();
        scene.fact("page_drawn_again", true);
        // The caret stands where it stood: what is typed now goes on behind what was typed.
        let first = go_on(&window, store, call, typed(format!("{BEGUN}{COMMA}"))).await;
        window.type_text(WENT_ON)?;
        let whole = is_written(store, call, typed(format!("{BEGUN}{COMMA}{WENT_ON}"))).await;
        scene.fact("draft_equal", first.and(whole).is_ok());
        tokio::time::sleep(STEADY).await;
        scene.mark("over");

        // The file may be a second behind, and then begins a second before the fault.
        let heard = window.heard()?;
        let span = (drawn_after + STEADY).as_millis() * u128::from(RATE) / 1000;
        let last = heard.len().saturating_sub(usize::try_from(span)?);
        scene.fact("operator_hears_all_the_time", longest_hush(&heard[last..]) <= GAP);
        drop(caller);

        // The first opens the closing form.
        window.press("ctrl+Return")?;
        tokio::time::sleep(STEADY / 3).await;
        let ended = |event: &FlowEvent| matches!(event, FlowEvent::Ended { .. });
        press_until(&window, "ctrl+Return", store, "the closing", ended).await
    }

    fn expects(&self) -> Expected {
        let mut expected = Expected::new([ARRIVED, ANSWERED, CLOSED], 2)
            .case(CaseStatus::Closed, None)
            .limit(Limit {
                name: "without_operator",
                what: Measure::WithoutPilot {
                    hz: POLDA_HZ,
                    since: Since::Mark("steady"),
                    until: Some(Since::Mark("over")),
                },
                // What is found of a pilot is exact to so much.
                ms: 100,
            });
        // The operator is at the window, where nobody but the caller hears what is said.
        expected.limits.retain(|limit| !matches!(limit.what, Measure::AnswerToAudio { .. }));
        expected
    }
}

/// Waits until an event is in the hub's log; gives its call.
async fn happens(
    store: &dyn Store,
    what: &str,
    wanted: impl Fn(&FlowEvent) -> bool,
) -> anyhow::Result<Option<CallId>> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(call) = happened(store, &wanted).await? {
            return Ok(call);
        }
        ensure!(Instant::now() < deadline, "waited in vain: {what}");
        tokio::time::sleep(LOOK).await;
    }
}

/// Presses a key, again when it was not taken: a window may not have the keyboard at once.
async fn press_until(
    window: &Desktop,
    key: &str,
    store: &dyn Store,
    what: &str,
    wanted: impl Fn(&FlowEvent) -> bool,
) -> anyhow::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        window.press(key)?;
        let again = Instant::now() + STEADY;
        while Instant::now() < again {
            if happened(store, &wanted).await?.is_some() {
                return Ok(());
            }
            tokio::time::sleep(LOOK).await;
        }
    }
    anyhow::bail!("{key} was pressed in vain: {what}")
}

/// The call of the first event that fits; `None` when there is none.
async fn happened(
    store: &dyn Store,
    wanted: &impl Fn(&FlowEvent) -> bool,
) -> anyhow::Result<Option<Option<CallId>>> {
    let events = store.events(0, 1_000).await?;
    Ok(events.iter().find_map(|stored| {
        let event = serde_json::from_str(&stored.event.body).ok()?;
        wanted(&event).then_some(stored.event.call)
    }))
}

/// Waits until the hub has journalled a form.
async fn is_written(
    store: &dyn Store,
    call: CallId,
    wanted: impl Fn(&Form) -> bool,
) -> anyhow::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while !store.draft(call).await?.is_some_and(|draft| wanted(&draft.form)) {
        ensure!(Instant::now() < deadline, "the form was not written as it was typed");
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

/// Types a comma until it is taken: a page that has just come may not have the keyboard yet, and who
/// sits there sees that. What was typed before must be there all the time.
async fn go_on(
    window: &Desktop,
    store: &dyn Store,
    call: CallId,
    wanted: impl Fn(&Form) -> bool,
) -> anyhow::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    let before = store.draft(call).await?.context("a form")?.rev;
    while Instant::now() < deadline {
        window.press("comma")?;
        let again = Instant::now() + STEADY;
        while Instant::now() < again {
            let draft = store.draft(call).await?.context("a form")?;
            if draft.rev > before {
                ensure!(wanted(&draft.form), "the form is not as it was typed");
                return Ok(());
            }
            tokio::time::sleep(LOOK).await;
        }
    }
    anyhow::bail!("nothing can be typed")
}

/// The longest span without any sound at all, not even that of an open line.
fn longest_hush(samples: &[i16]) -> Duration {
    let (mut longest, mut hush) = (0_u64, 0_u64);
    for sample in samples {
        hush = if sample.unsigned_abs() <= 1 { hush + 1 } else { 0 };
        longest = longest.max(hush);
    }
    Duration::from_millis(longest * 1000 / u64::from(RATE))
}
