//! What the people of each scenario do. They act by what they see and hear, with the pauses of
//! people; nothing here looks into the hub or the switch.

use crate::operator::Operator;
use anyhow::{Context, ensure};
use siaga_desk::PhoneState;
use siaga_hub_api::HandoverChoice;
use siaga_model::{Danger, Disposition, NotReport, OtherService, Redacted, Tri, UnitId, Validity};
use std::str::FromStr;
use std::time::{Duration, Instant};

/// From the ring to the operator's hand.
const REACH: Duration = Duration::from_millis(400);
/// Between two fields.
const TYPING: Duration = Duration::from_millis(250);

/// What can be played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// A fire is reported, handed to the Polres, followed up and closed there (steps 1–4, 6–9).
    ValidTransfer,
    /// The Polres is busy (steps 1–4, 6, 10, 11).
    PolresBusy,
    /// The Polres does not answer (the same).
    PolresSilent,
    /// A prank, closed at the Polda (steps 1–5).
    NotValid,
    /// A question, answered at the Polda.
    Information,
}

impl Scenario {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::ValidTransfer,
        Self::PolresBusy,
        Self::PolresSilent,
        Self::NotValid,
        Self::Information,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::ValidTransfer => "valid-transfer",
            Self::PolresBusy => "polres-busy",
            Self::PolresSilent => "polres-silent",
            Self::NotValid => "not-valid",
            Self::Information => "information",
        }
    }

    /// Whether a Polres is called in it.
    pub fn has_transfer(self) -> bool {
        match self {
            Self::ValidTransfer | Self::PolresBusy | Self::PolresSilent => true,
            Self::NotValid | Self::Information => false,
        }
    }

    /// Whether the Polres answers in it.
    pub fn polres_answers(self) -> bool {
        match self {
            Self::ValidTransfer => true,
            Self::PolresBusy | Self::PolresSilent | Self::NotValid | Self::Information => false,
        }
    }
}

impl FromStr for Scenario {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|scenario| scenario.name() == text).ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|scenario| scenario.name()).collect();
            format!("no scenario {text:?}; there are {}", known.join(", "))
        })
    }
}

/// Something a simulated person did, for the journey.
#[derive(Clone, Debug)]
pub(crate) struct Deed {
    /// When.
    pub at: Instant,
    /// Step of the founding description.
    pub step: u8,
    /// Who: the seat.
    pub by: String,
    /// What.
    pub event: &'static str,
}

/// What the people of a scenario did, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Deeds {
    /// All of it.
    pub deeds: Vec<Deed>,
    /// When the Polda operator pressed the answer key.
    pub answer_pressed: Option<Instant>,
    /// When the Polres pressed that it cannot take the call.
    pub declined: Option<Instant>,
}

impl Deeds {
    fn note(&mut self, step: u8, by: &Operator, event: &'static str) {
        self.deeds.push(Deed { at: Instant::now(), step, by: by.seat.to_string(), event });
    }
}

/// Plays the operators' parts until the case is closed. `talk` is how long people talk before the
/// next thing happens, so that everything they have to say is said.
///
/// # Errors
/// When somebody waits in vain for something that must happen.
pub(crate) async fn play(
    scenario: Scenario,
    polda: &mut Operator,
    polres: &mut Operator,
    polres_unit: &UnitId,
    handover: Option<HandoverChoice>,
    talk: Duration,
) -> anyhow::Result<Deeds> {
    let mut deeds = Deeds::default();
    polda.wait_for_ring().await?;
    tokio::time::sleep(REACH).await;
    deeds.answer_pressed = Some(polda.answer().await?);
    let talk_until = tokio::time::Instant::now() + talk;
    match scenario {
        Scenario::ValidTransfer | Scenario::PolresBusy | Scenario::PolresSilent => {
            report_a_fire(polda, &mut deeds).await?;
            let advice = polda.advice().await?;
            ensure!(
                advice.verdict.validity == Validity::Valid,
                "a fire with somebody trapped is judged {:?}",
                advice.verdict.validity
            );
            deeds.note(4, polda, "judged-valid");
            let best = advice.destinations.first().context("no destination is proposed")?;
            ensure!(&best.unit == polres_unit, "the report is sent to {} first", best.unit);
            let unit = best.unit.clone();
            polda.write(|form| form.unit = Some(unit.clone())).await?;
            polres
                .wait_for("the form, before it rings", |state| {
                    state.view.as_ref().is_some_and(|view| {
                        view.announced
                            .iter()
                            .any(|call| !call.draft.form.narrative.expose().is_empty())
                    }) && state.call.is_none()
                })
                .await?;
            deeds.note(6, polres, "form-seen");
            tokio::time::sleep_until(talk_until).await;
            polda.transfer(unit.clone(), handover).await?;
            polres.wait_for_ring().await?;
            if scenario == Scenario::ValidTransfer {
                taken_by_polres(polda, polres, unit, talk, &mut deeds).await?;
            } else {
                back_at_polda(scenario, polda, polres, unit, talk, &mut deeds).await?;
            }
        }
        Scenario::NotValid => {
            polda
                .write(|form| {
                    form.narrative = Redacted::new(
                        "Plp pesan ayam goreng, tertawa, bilang iseng saja.".to_owned(),
                    );
                })
                .await?;
            deeds.note(3, polda, "form-written");
            let advice = polda.advice().await?;
            ensure!(
                advice.verdict.validity != Validity::Valid,
                "a confessed prank is judged valid"
            );
            deeds.note(4, polda, "judged-not-valid");
            tokio::time::sleep_until(talk_until).await;
            deeds.note(5, polda, "disposed");
            polda.close(Disposition::NotReport { reason: NotReport::Prank }, "").await?;
        }
        Scenario::Information => {
            polda
                .write(|form| {
                    form.kind = "informasi/layanan_sim".to_owned();
                    form.narrative =
                        Redacted::new("Tanya tempat dan jam perpanjangan SIM.".to_owned());
                })
                .await?;
            deeds.note(3, polda, "form-written");
            polda.advice().await?;
            deeds.note(4, polda, "judged");
            tokio::time::sleep_until(talk_until).await;
            deeds.note(5, polda, "answered-the-question");
            polda.close(Disposition::Information, "").await?;
        }
    }
    Ok(deeds)
}

async fn report_a_fire(polda: &mut Operator, deeds: &mut Deeds) -> anyhow::Result<()> {
    polda
        .write(|form| {
            form.location = Redacted::new(
                "Kelapa Dua dekat Mako Brimob, Kel. Tugu, Cimanggis, Depok".to_owned(),
            );
        })
        .await?;
    deeds.note(3, polda, "form-begun");
    tokio::time::sleep(TYPING).await;
    polda
        .write(|form| {
            form.narrative = Redacted::new(
                "Plp lapor rumah neneknya kebakaran, api besar dr dapur. Nenek terjebak di lt 2."
                    .to_owned(),
            );
            form.kind = "pelaporan/kebakaran".to_owned();
        })
        .await?;
    tokio::time::sleep(TYPING).await;
    polda
        .write(|form| {
            form.danger = Danger { trapped: Tri::Yes, ongoing: Tri::Yes, ..Danger::default() };
            form.reporter_relation = Redacted::new("cucu korban".to_owned());
            form.services.insert(OtherService::Fire);
        })
        .await?;
    deeds.note(3, polda, "form-written");
    Ok(())
}

async fn taken_by_polres(
    polda: &mut Operator,
    polres: &mut Operator,
    unit: UnitId,
    talk: Duration,
    deeds: &mut Deeds,
) -> anyhow::Result<()> {
    tokio::time::sleep(REACH).await;
    polres.answer().await?;
    polda
        .wait_for("being released", |state| {
            state.call.as_ref().is_none_or(|call| call.phone == PhoneState::Gone)
        })
        .await?;
    tokio::time::sleep(talk).await;
    polres
        .write(|form| {
            let mut narrative = form.narrative.expose().clone();
            narrative.push_str(" Unit patroli dan damkar menuju TKP.");
            form.narrative = Redacted::new(narrative);
        })
        .await?;
    deeds.note(8, polres, "followed-up");
    polres.close(Disposition::HandledByUnit { unit }, "Patroli Cimanggis dikirim.").await
}

async fn back_at_polda(
    scenario: Scenario,
    polda: &mut Operator,
    polres: &mut Operator,
    unit: UnitId,
    talk: Duration,
    deeds: &mut Deeds,
) -> anyhow::Result<()> {
    if scenario == Scenario::PolresBusy {
        tokio::time::sleep(REACH).await;
        deeds.declined = Some(polres.decline().await?);
    }
    polda
        .wait_for("the caller to be back", |state| {
            state.view.as_ref().and_then(|view| view.call.as_ref()).is_some_and(|call| {
                matches!(&call.phase, siaga_hub_api::Phase::Talking { reclaimed: Some(_), .. })
            })
        })
        .await?;
    // The sentence with the number, and the caller's thanks.
    tokio::time::sleep(talk).await;
    deeds.note(11, polda, "caller-told");
    polda.close(Disposition::ForwardedToUnit { unit }, "Mohon hubungi pelapor.").await
}
