//! A citizen's telephone that can be called: registered at the embedded switch under its number, or behind
//! a PBX's trunk.

use crate::caller::{Caller, CallerState, TrunkTelephone};
use crate::sound::{Ear, Speaker};
use anyhow::{Context, bail, ensure};
use siaga_media::{FRAME_DURATION, Frame, MediaConfig, MediaEvent, MediaSession};
use siaga_model::Redacted;
use siaga_sip::{DialogKey, IncomingCall, UaEvent, UserAgent, UserAgentConfig};
use siaga_switch::SipEndpoint;
use siaga_switch::embedded::EmbeddedSwitch;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};
use tokio::time::MissedTickBehavior;

/// How long a telephone waits for anything.
const PATIENCE: Duration = Duration::from_secs(45);
/// From the ring to the hand that answers it.
const REACH: Duration = Duration::from_millis(700);

/// A telephone that waits to be called.
pub(crate) enum Telephone {
    /// At the embedded switch.
    Registered(Registered),
    /// Behind a PBX's trunk.
    Trunk(Box<TrunkTelephone>),
}

impl Telephone {
    /// Waits until it rings, and answers.
    ///
    /// # Errors
    /// When it does not ring, or whoever calls gives up.
    pub(crate) async fn answer(self, speaker: Speaker) -> anyhow::Result<AnsweredCall> {
        match self {
            Self::Registered(telephone) => telephone.answer(REACH, speaker).await,
            Self::Trunk(telephone) => {
                let caller = telephone.answer(speaker).await?;
                caller.wait_for(PATIENCE, |state| *state == CallerState::Answered).await?;
                let (ended_in, ended) = watch::channel(None);
                let (ear, states) = (caller.ear.clone(), caller.state.clone());
                tokio::spawn(async move {
                    let mut states = states;
                    let over = |state: &CallerState| matches!(state, CallerState::Ended { .. });
                    let by_me = states
                        .wait_for(over)
                        .await
                        .is_ok_and(|state| *state == CallerState::Ended { by_me: true });
                    ended_in.send_replace(Some(by_me));
                });
                Ok(AnsweredCall { ear, ended, hand: Hand::Trunk(Box::new(caller)) })
            }
        }
    }

    /// Waits until it rings, and says that it is busy.
    ///
    /// # Errors
    /// When it does not ring.
    pub(crate) async fn is_busy(&mut self) -> anyhow::Result<()> {
        match self {
            Self::Registered(telephone) => {
                let IncomingCall { dialog, .. } = telephone.rings().await?;
                Ok(telephone.phone.reject(dialog, 486, "Busy Here").await?)
            }
            Self::Trunk(telephone) => telephone.is_busy().await,
        }
    }
}

/// A registered telephone.
pub(crate) struct Registered {
    phone: UserAgent,
    events: mpsc::Receiver<UaEvent>,
}

impl Registered {
    /// Registers it at this switch under this number.
    ///
    /// # Errors
    /// When the switch does not let it in.
    pub(crate) async fn at(
        switch: &EmbeddedSwitch,
        endpoint: SipEndpoint,
        number: String,
    ) -> anyhow::Result<Self> {
        let secret = Redacted::new(hex::encode(rand::random::<[u8; 6]>()));
        switch.admit_telephone(&Redacted::new(number.clone()), &secret).await?;
        Self::with(endpoint, number, secret).await
    }

    /// Registers one with a name and a secret that the switch knows.
    ///
    /// # Errors
    /// When the switch does not let it in.
    pub(crate) async fn with(
        endpoint: SipEndpoint,
        user: String,
        secret: Redacted<String>,
    ) -> anyhow::Result<Self> {
        let (phone, mut events) = UserAgent::start(UserAgentConfig {
            ws_url: endpoint.ws_url.parse().context("the address of the switch")?,
            tls_roots: None,
            user,
            domain: endpoint.domain,
            secret: Some(secret),
            display_name: None,
            register: true,
            expires: Duration::from_secs(120),
            user_agent: "Siaga training telephone".to_owned(),
        })?;
        let registered = async {
            loop {
                match events.recv().await.context("the telephone is gone")? {
                    UaEvent::Registered { .. } => return anyhow::Ok(()),
                    UaEvent::RegistrationFailed { status, reason } => {
                        bail!("the switch refuses the telephone: {status} {reason}");
                    }
                    _ => {}
                }
            }
        };
        tokio::time::timeout(PATIENCE, registered).await.context("it does not register")??;
        Ok(Self { phone, events })
    }

    async fn rings(&mut self) -> anyhow::Result<IncomingCall> {
        let ring = async {
            loop {
                let event = self.events.recv().await.context("the telephone is gone")?;
                if let UaEvent::Incoming(call) = event {
                    return anyhow::Ok(call);
                }
            }
        };
        tokio::time::timeout(PATIENCE, ring).await.context("it does not ring")?
    }

    /// Waits until it rings, and rings until whoever calls gives up.
    ///
    /// # Errors
    /// When it does not ring.
    pub(crate) async fn ring_out(mut self) -> anyhow::Result<()> {
        let IncomingCall { dialog: ringing, .. } = self.rings().await?;
        self.phone.ring(ringing).await?;
        loop {
            match self.events.recv().await.context("the telephone is gone")? {
                UaEvent::Ended { dialog, .. } if dialog == ringing => break,
                _ => {}
            }
        }
        self.phone.close().await;
        Ok(())
    }

    /// Waits until it rings, and answers after `reach`.
    ///
    /// # Errors
    /// When it does not ring, or whoever calls gives up.
    pub(crate) async fn answer(
        mut self,
        reach: Duration,
        speaker: Speaker,
    ) -> anyhow::Result<AnsweredCall> {
        let IncomingCall { dialog, offer, .. } = self.rings().await?;
        self.phone.ring(dialog).await?;
        tokio::time::sleep(reach).await;
        let (session, answer) = MediaSession::answer(MediaConfig::loopback(), &offer).await?;
        self.phone.answer(dialog, &answer).await?;
        let (ended_in, ended) = watch::channel(None);
        let ear = Ear::default();
        let (hand, hang_ups) = mpsc::channel(1);
        let talk = Talk { telephone: self, dialog, session, speaker, ear: ear.clone(), hang_ups };
        tokio::spawn(async move {
            let by_me = talk.run().await;
            ended_in.send_replace(Some(by_me));
        });
        Ok(AnsweredCall { ear, ended, hand: Hand::Registered(hand) })
    }
}

/// A call that was answered.
pub(crate) struct AnsweredCall {
    /// What is heard.
    pub(crate) ear: Ear,
    ended: watch::Receiver<Option<bool>>,
    hand: Hand,
}

/// What puts the receiver down.
enum Hand {
    Registered(mpsc::Sender<()>),
    Trunk(Box<Caller>),
}

impl AnsweredCall {
    /// Waits until the other side has hung up.
    ///
    /// # Errors
    /// When it does not.
    pub(crate) async fn ends(&self) -> anyhow::Result<()> {
        let mut ended = self.ended.clone();
        let by_me = *tokio::time::timeout(PATIENCE, ended.wait_for(Option::is_some))
            .await
            .context("the call does not end")?
            .context("the telephone is gone")?;
        ensure!(by_me == Some(false), "the telephone hung up");
        Ok(())
    }
}

impl AnsweredCall {
    /// Hangs up, if the call is still there.
    pub(crate) async fn hang_up(&self) {
        match &self.hand {
            // A full queue or a gone task both mean that it is being done already.
            Hand::Registered(hand) => {
                let _ = hand.try_send(());
            }
            Hand::Trunk(caller) => caller.hang_up().await,
        }
    }
}

struct Talk {
    telephone: Registered,
    dialog: DialogKey,
    session: MediaSession,
    speaker: Speaker,
    ear: Ear,
    hang_ups: mpsc::Receiver<()>,
}

impl Talk {
    /// Talks until it is over; gives whether this side ended it.
    async fn run(mut self) -> bool {
        let mut media: Option<mpsc::Receiver<MediaEvent>> = self.session.events();
        let mut ticks = tokio::time::interval(FRAME_DURATION);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let by_me = loop {
            tokio::select! {
                event = self.telephone.events.recv() => match event {
                    Some(UaEvent::Ended { dialog, by_remote, .. }) if dialog == self.dialog => {
                        break !by_remote;
                    }
                    Some(_) => {}
                    None => break true,
                },
                Some(()) = self.hang_ups.recv() => {
                    if let Err(error) = self.telephone.phone.hang_up(self.dialog).await {
                        tracing::debug!(%error, "the call is over already");
                    }
                    break true;
                }
                Some(_) = async {
                    match &mut media {
                        Some(media) => media.recv().await,
                        None => std::future::pending().await,
                    }
                } => {}
                _ = ticks.tick() => {
                    self.ear.hear(&self.session.pull(Instant::now()).0);
                    self.session.send(&Frame(self.speaker.next_frame()));
                }
            }
        };
        self.session.close().await;
        self.telephone.phone.close().await;
        by_me
    }
}
