//! Starts the desk that this window shows, and holds on to it.

use crate::args::Mode;
use serde::Serialize;
use siaga_desk::{AudioChoice, Desk, DeskConfig, DeskHandle, DeskState, Intent};
use siaga_model::SeatId;
use std::path::PathBuf;
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

/// The desk behind the window.
pub(crate) struct Engine {
    desk: DeskHandle,
    states: watch::Receiver<Arc<DeskState>>,
    prefill: Prefill,
}

impl Engine {
    /// Starts what the command line asked for. The desk keeps its own files under `data`.
    pub(crate) async fn start(mode: Mode, data: PathBuf) -> Self {
        let (training, prefill, login) = match mode {
            Mode::Training { scenario } => {
                tracing::info!(?scenario, "training");
                (true, Prefill::default(), None)
            }
            Mode::Desk { hub, seat, login } => {
                let operator = login.as_ref().map(|(name, _)| name.clone()).unwrap_or_default();
                let hub = hub.to_string();
                let prefill = Prefill { hub: hub.clone(), seat: Some(seat.clone()), operator };
                let login = login.map(|(operator, password)| Intent::Login {
                    hub,
                    seat,
                    operator,
                    password,
                });
                (false, prefill, login)
            }
        };
        let folder = prefill.seat.as_ref().map_or("desk", SeatId::as_str);
        let (desk, states) = Desk::start(DeskConfig {
            audio: AudioChoice::Devices(Default::default()),
            data_dir: data.join(folder),
            media: Default::default(),
            limits: Default::default(),
            training,
        });
        let engine = Self { desk, states, prefill };
        if let Some(login) = login {
            engine.send(login).await;
        }
        engine
    }

    /// What the login page starts with.
    pub(crate) const fn prefill(&self) -> &Prefill {
        &self.prefill
    }

    /// The desk's states, newest only.
    pub(crate) fn states(&self) -> watch::Receiver<Arc<DeskState>> {
        self.states.clone()
    }

    /// Passes an intent on. Waits while the desk's queue is full.
    pub(crate) async fn send(&self, intent: Intent) {
        if self.desk.send(intent).await.is_err() {
            tracing::error!("the desk has been shut down; an intent of the window is lost");
        }
    }

    /// Leaves the seat, so that the hub need not wait for its silence.
    pub(crate) async fn shut_down(&self) {
        self.desk.shut_down().await;
    }
}
