//! Starts the engine that this window shows, and holds on to it.

use crate::args::Mode;
use serde::Serialize;
use siaga_desk::{DeskError, DeskState, Intent, Notice};
use siaga_model::SeatId;
use std::sync::Arc;
use tokio::sync::watch;

/// What the login page starts with.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Prefill {
    /// The hub's address.
    hub: String,
    /// The seat.
    seat: Option<SeatId>,
    /// The operator.
    operator: String,
}

/// The engine behind the window.
pub(crate) struct Engine {
    states: watch::Sender<Arc<DeskState>>,
    prefill: Prefill,
}

impl Engine {
    /// Starts what the command line asked for.
    pub(crate) async fn start(mode: Mode) -> anyhow::Result<Self> {
        let (training, prefill, login) = match mode {
            Mode::Training { scenario } => {
                tracing::info!(?scenario, "training");
                (true, Prefill::default(), None)
            }
            Mode::Desk { hub, seat, login } => {
                let operator = login.as_ref().map(|(name, _)| name.clone()).unwrap_or_default();
                let prefill = Prefill { hub: hub.to_string(), seat: Some(seat.clone()), operator };
                let intent = login.map(|(operator, password)| Intent::Login {
                    hub: hub.to_string(),
                    seat,
                    operator,
                    password,
                });
                (false, prefill, intent)
            }
        };
        let state = DeskState { training, ..DeskState::default() };
        let engine = Self { states: watch::Sender::new(Arc::new(state)), prefill };
        if let Some(intent) = login {
            engine.send(intent).await;
        }
        Ok(engine)
    }

    /// What the login page starts with.
    pub(crate) const fn prefill(&self) -> &Prefill {
        &self.prefill
    }

    /// The engine's states, newest only.
    pub(crate) fn states(&self) -> watch::Receiver<Arc<DeskState>> {
        self.states.subscribe()
    }

    /// Passes an intent on. Waits while the engine's queue is full.
    pub(crate) async fn send(&self, _intent: Intent) {
        self.states.send_modify(|state| {
            let state = Arc::make_mut(state);
            state.rev += 1;
            state.notice = Some(Notice { error: DeskError::NotNow, at: state.now });
        });
    }
}
