//! An operator played by the program: a real desk, driven through the same intents and seen through
//! the same state as the window's. The desk runs here, or as a process of its own that can be killed,
//! frozen and started again; the operator acts the same.

use crate::apart::{DeskProcess, DeskProgram};
use crate::sound::{Ear, Heard, Speaker};
use anyhow::{Context, bail};
use siaga_desk::{
    AudioChoice, Desk, DeskConfig, DeskHandle, DeskState, Intent, LinkHealth, PhoneState,
};
use siaga_hub_api::HandoverChoice;
use siaga_media::MediaConfig;
use siaga_model::{Advice, CallId, Disposition, Form, Redacted, SeatId, SeatState, UnitId};
use siaga_plugin_host::{Limits, PluginStats};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Longer than anything that a desk does by itself may take.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// As [`PATIENCE`], for sitting down: a debug build takes seconds to compile the plugins, and several desks
/// on a busy machine do it at once.
const SEATED_WITHIN: Duration = Duration::from_secs(120);

/// Who sits where and says what.
pub struct OperatorConfig {
    /// The hub's address.
    pub hub: String,
    /// The seat.
    pub seat: SeatId,
    /// The operator's name at the hub.
    pub operator: String,
    /// The password.
    pub password: Redacted<String>,
    /// What they say.
    pub speaker: Speaker,
    /// Folder of the desk's own files.
    pub data_dir: PathBuf,
}

/// An operator at a desk.
pub struct Operator {
    /// The seat.
    pub seat: SeatId,
    /// What the operator hears, of all calls one after the other. Nothing at a desk that is a
    /// process of its own; see [`Self::heard`].
    pub ear: Ear,
    desk: Backing,
    state: watch::Receiver<Arc<DeskState>>,
}

/// Where a desk runs.
enum Backing {
    /// In this process.
    Here(DeskHandle),
    /// In one of its own.
    Apart(Box<DeskProcess>),
}

impl Operator {
    /// Logs in and waits until the desk is registered and its plugins are loaded. Not ready yet.
    ///
    /// # Errors
    /// When the hub refuses or does not answer.
    pub async fn sit_down(config: OperatorConfig) -> anyhow::Result<Self> {
        let ear = Ear::default();
        let (desk, state) = Desk::start(DeskConfig {
            audio: AudioChoice::Given {
                input: Box::new(config.speaker),
                output: Box::new(ear.clone()),
                name: "training".to_owned(),
            },
            data_dir: config.data_dir,
            media: MediaConfig::loopback(),
            limits: Limits::default(),
            training: true,
            coach: None,
        });
        let this = Self { seat: config.seat.clone(), ear, desk: Backing::Here(desk), state };
        this.want(Intent::Login {
            hub: config.hub,
            seat: config.seat,
            operator: config.operator,
            password: config.password,
        })
        .await?;
        this.sits().await?;
        Ok(this)
    }

    /// As [`Self::sit_down`], at a desk that is a process of its own.
    ///
    /// # Errors
    /// When it cannot be started, or the hub refuses or does not answer.
    pub(crate) async fn sit_down_apart(
        command: Vec<String>,
        program: DeskProgram,
    ) -> anyhow::Result<Self> {
        let seat = program.seat.clone();
        let desk = DeskProcess::start(command, program).await?;
        let state = desk.state();
        let this = Self { seat, ear: Ear::default(), desk: Backing::Apart(Box::new(desk)), state };
        this.sits().await?;
        Ok(this)
    }

    /// Waits until the desk is logged in and registered and its plugins are loaded.
    ///
    /// # Errors
    /// As [`Self::wait_for`].
    pub async fn sits(&self) -> anyhow::Result<()> {
        let seated = |state: &DeskState| {
            state.view.is_some()
                && state.hub == LinkHealth::Up
                && state.sip == LinkHealth::Up
                && state.advisor != siaga_desk::AdvisorHealth::Off
        };
        self.wait_within(SEATED_WITHIN, "being logged in and registered", seated).await?;
        Ok(())
    }

    /// Wants something of the desk. What became of it shows in its state.
    ///
    /// # Errors
    /// When the desk is gone.
    pub async fn want(&self, intent: Intent) -> anyhow::Result<()> {
        match &self.desk {
            Backing::Here(desk) => Ok(desk.send(intent).await?),
            Backing::Apart(desk) => desk.send(&intent).await,
        }
    }

    /// Wants calls from now on; returns when the hub knows.
    ///
    /// # Errors
    /// When the hub does not take it.
    pub async fn be_ready(&self) -> anyhow::Result<()> {
        self.want(Intent::Ready).await?;
        self.wait_for("being ready", |state| {
            state.view.as_ref().is_some_and(|view| view.seat.state == SeatState::Ready)
        })
        .await?;
        Ok(())
    }

    /// As [`Self::be_ready`], whatever the desk complains about.
    ///
    /// # Errors
    /// When the hub does not take it.
    pub(crate) async fn be_ready_through(&self) -> anyhow::Result<()> {
        self.want(Intent::Ready).await?;
        self.wait_through("being ready", |state| {
            state.view.as_ref().is_some_and(|view| view.seat.state == SeatState::Ready)
        })
        .await?;
        Ok(())
    }

    /// As [`Self::answer`], whatever the desk complains about.
    ///
    /// # Errors
    /// As [`Self::wait_through`].
    pub(crate) async fn answer_through(&self) -> anyhow::Result<()> {
        self.want(Intent::Answer).await?;
        self.wait_through("two-way audio", |state| {
            state.call.as_ref().is_some_and(|call| call.phone == PhoneState::Connected)
        })
        .await?;
        Ok(())
    }

    /// Waits for a state of the desk.
    ///
    /// # Errors
    /// After [`PATIENCE`], or when the desk says that something went wrong.
    pub async fn wait_for(
        &self,
        what: &str,
        wanted: impl FnMut(&DeskState) -> bool,
    ) -> anyhow::Result<Arc<DeskState>> {
        self.wait_within(PATIENCE, what, wanted).await
    }

    async fn wait_within(
        &self,
        patience: Duration,
        what: &str,
        mut wanted: impl FnMut(&DeskState) -> bool,
    ) -> anyhow::Result<Arc<DeskState>> {
        let mut states = self.state.clone();
        let seen = states.wait_for(|state| wanted(state) || state.notice.is_some());
        let state = tokio::time::timeout(patience, seen)
            .await
            .with_context(|| self.waits_in_vain(what))?
            .context("the desk is gone")?
            .clone();
        if let Some(notice) = &state.notice
            && !wanted(&state)
        {
            bail!("{} waits for {what}, but: {:?}", self.seat, notice.error);
        }
        Ok(state)
    }

    /// As [`Self::wait_for`], whatever the desk complains about meanwhile: something is broken.
    ///
    /// # Errors
    /// After [`PATIENCE`].
    pub(crate) async fn wait_through(
        &self,
        what: &str,
        mut wanted: impl FnMut(&DeskState) -> bool,
    ) -> anyhow::Result<Arc<DeskState>> {
        let mut states = self.state.clone();
        let state = tokio::time::timeout(PATIENCE, states.wait_for(|state| wanted(state))).await;
        let state = state.with_context(|| self.waits_in_vain(what))?.context("the desk is gone")?;
        Ok(state.clone())
    }

    /// What did not come, and how the desk stands without it.
    fn waits_in_vain(&self, what: &str) -> String {
        let DeskState { hub, sip, advisor, notice, .. } = &*self.state();
        let error = notice.as_ref().map(|notice| &notice.error);
        format!(
            "{} waits in vain for {what}; hub {hub:?}, telephone {sip:?}, plugins {advisor:?}, {error:?}",
            self.seat
        )
    }

    /// Waits for a state of the desk, however long: other people decide when.
    ///
    /// # Errors
    /// When the desk is gone.
    pub async fn wait_as_long_as_it_takes(
        &self,
        mut wanted: impl FnMut(&DeskState) -> bool,
    ) -> anyhow::Result<()> {
        self.state.clone().wait_for(|state| wanted(state)).await.context("the desk is gone")?;
        Ok(())
    }

    /// Waits until a call rings here.
    ///
    /// # Errors
    /// As [`Self::wait_for`].
    pub async fn wait_for_ring(&self) -> anyhow::Result<CallId> {
        let state = self
            .wait_for("a ringing call", |state| {
                state.call.as_ref().is_some_and(|call| call.phone == PhoneState::Ringing)
            })
            .await?;
        state.call.as_ref().map(|call| call.call).context("a call rings")
    }

    /// Answers; gives the moment of the key and waits until two-way audio stands.
    ///
    /// # Errors
    /// As [`Self::wait_for`].
    pub async fn answer(&self) -> anyhow::Result<Instant> {
        let pressed_at = Instant::now();
        self.want(Intent::Answer).await?;
        self.wait_for("two-way audio", |state| {
            state.call.as_ref().is_some_and(|call| call.phone == PhoneState::Connected)
        })
        .await?;
        Ok(pressed_at)
    }

    /// Says that this call cannot be taken here; gives the moment of the key.
    ///
    /// # Errors
    /// When the desk is gone.
    pub async fn decline(&self) -> anyhow::Result<Instant> {
        let pressed_at = Instant::now();
        self.want(Intent::Decline).await?;
        Ok(pressed_at)
    }

    /// Changes the form as the operator does, and waits until the hub has journalled it.
    ///
    /// # Errors
    /// As [`Self::wait_for`]; also when this desk may not write the form.
    pub async fn write(&self, change: impl FnOnce(&mut Form)) -> anyhow::Result<()> {
        let state = self
            .wait_for("a form to write", |state| {
                state.call.as_ref().is_some_and(|call| call.writable)
            })
            .await?;
        let call = state.call.as_ref().context("a call is here")?;
        let mut form = call.form.clone();
        change(&mut form);
        let wanted_rev = call.rev + u64::from(form != call.form);
        self.want(Intent::Edit { call: call.call, form: Box::new(form) }).await?;
        self.wait_for("the form to be journalled", |state| {
            state.call.as_ref().is_some_and(|call| call.saved_rev >= wanted_rev)
        })
        .await?;
        Ok(())
    }

    /// The form as it stands here.
    ///
    /// # Errors
    /// When none is here.
    pub fn form(&self) -> anyhow::Result<Form> {
        Ok(self.state().call.as_ref().context("a call is here")?.form.clone())
    }

    /// Changes the form as the operator does, whether anybody stores it or not. Gives the form.
    ///
    /// # Errors
    /// When no form is here, or the desk is gone.
    pub(crate) async fn type_on(&self, change: impl FnOnce(&mut Form)) -> anyhow::Result<Form> {
        let state = self.state();
        let call = state.call.as_ref().context("a call is here")?;
        let mut form = call.form.clone();
        change(&mut form);
        self.want(Intent::Edit { call: call.call, form: Box::new(form.clone()) }).await?;
        Ok(form)
    }

    /// Waits for the plugins' advice on the form as it stands.
    ///
    /// # Errors
    /// As [`Self::wait_for`].
    pub async fn advice(&self) -> anyhow::Result<Advice> {
        let state = self
            .wait_for("advice", |state| {
                state.call.as_ref().is_some_and(|call| {
                    call.advice.as_ref().is_some_and(|advice| advice.draft_rev >= call.rev)
                })
            })
            .await?;
        state.call.as_ref().and_then(|call| call.advice.clone()).context("advice was just there")
    }

    /// Hands the caller over.
    ///
    /// # Errors
    /// When the desk is gone.
    pub async fn transfer(
        &self,
        unit: UnitId,
        handover: Option<HandoverChoice>,
    ) -> anyhow::Result<()> {
        self.want(Intent::Transfer { unit, handover }).await?;
        Ok(())
    }

    /// Closes the call and waits until the hub has stored it and the telephone is free.
    ///
    /// # Errors
    /// As [`Self::wait_for`].
    pub async fn close(&self, disposition: Disposition, note: &str) -> anyhow::Result<()> {
        self.want(Intent::Close { disposition, note: note.to_owned() }).await?;
        self.wait_for("the call to be closed", |state| {
            state.call.as_ref().is_none_or(|call| call.phone == PhoneState::Gone)
        })
        .await?;
        Ok(())
    }

    /// Has seen what the desk said; a desk that is gone has nothing to say.
    pub async fn dismiss_notice(&self) {
        let _ = self.want(Intent::DismissNotice).await;
    }

    /// The figures of this desk's plugins.
    ///
    /// # Errors
    /// When the desk is gone.
    pub async fn plugin_stats(&self) -> anyhow::Result<Vec<PluginStats>> {
        match &self.desk {
            Backing::Here(desk) => Ok(desk.plugin_stats().await?),
            Backing::Apart(desk) => Ok(desk.plugin_stats()),
        }
    }

    /// Leaves the seat.
    pub async fn leave(&self) {
        match &self.desk {
            Backing::Here(desk) => desk.shut_down().await,
            Backing::Apart(desk) => desk.leave().await,
        }
    }

    /// What the operator heard so far.
    ///
    /// # Errors
    /// When a desk in another process kept it badly.
    pub(crate) fn heard(&self) -> anyhow::Result<Heard> {
        match &self.desk {
            Backing::Here(_) => Ok(self.ear.heard()),
            Backing::Apart(desk) => desk.heard(),
        }
    }

    /// The desk as it is now.
    pub(crate) fn state(&self) -> Arc<DeskState> {
        self.state.borrow().clone()
    }

    /// `kill -9` of the desk.
    ///
    /// # Errors
    /// When it is no process of its own, or dead.
    pub(crate) async fn kill(&self) -> anyhow::Result<()> {
        self.process()?.kill().await
    }

    /// Stops the desk as it is (`SIGSTOP`), or lets it go on.
    ///
    /// # Errors
    /// As [`Self::kill`].
    pub(crate) async fn freeze(&self, frozen: bool) -> anyhow::Result<()> {
        self.process()?.freeze(frozen).await
    }

    /// Starts the desk again after it was killed; it sits down by itself.
    ///
    /// # Errors
    /// As [`Self::kill`].
    pub(crate) async fn start_again(&self) -> anyhow::Result<()> {
        self.process()?.start_again().await
    }

    fn process(&self) -> anyhow::Result<&DeskProcess> {
        match &self.desk {
            Backing::Here(_) => bail!("the desk {} is no process of its own", self.seat),
            Backing::Apart(desk) => Ok(desk),
        }
    }
}
