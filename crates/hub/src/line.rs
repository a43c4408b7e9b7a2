//! The line to the switch: commands, admissions and dismissals in the order in which they were
//! decided, in a task of their own, so that a slow switch never holds up the hub.

use crate::actor::Inbox;
use siaga_call_flow::SwitchCommand;
use siaga_model::{Redacted, SeatId};
use siaga_switch::{Switch, SwitchError};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// How many commands may wait. When it is full, a command fails as it does when the switch is gone:
/// a leg that should ring counts as ended.
pub(crate) const COMMANDS_WAITING: usize = 1_024;

#[derive(Debug)]
pub(crate) enum LineJob {
    Execute(SwitchCommand),
    Admit {
        seat: SeatId,
        secret: Redacted<String>,
        reply: oneshot::Sender<Result<(), SwitchError>>,
    },
    Dismiss(SeatId),
}

pub(crate) struct Line {
    pub(crate) switch: Arc<dyn Switch>,
    pub(crate) jobs: mpsc::Receiver<LineJob>,
    pub(crate) hub: mpsc::WeakSender<Inbox>,
}

impl Line {
    /// Runs until nobody commands any more.
    pub(crate) async fn run(mut self) {
        while let Some(job) = self.jobs.recv().await {
            match job {
                LineJob::Execute(command) => self.execute(command).await,
                LineJob::Admit { seat, secret, reply } => {
                    // Whoever asked may have gone away meanwhile.
                    let _ = reply.send(self.switch.admit(&seat, &secret).await);
                }
                LineJob::Dismiss(seat) => {
                    if let Err(error) = self.switch.dismiss(&seat).await {
                        tracing::warn!(%seat, %error, "a telephone account could not be ended");
                    }
                }
            }
        }
    }

    async fn execute(&self, command: SwitchCommand) {
        if let Err(error) = self.switch.execute(command.clone()).await {
            tracing::error!(%error, ?command, "the switch did not take a command");
            if let Some(hub) = self.hub.upgrade() {
                let _ = hub.send(Inbox::SwitchFailed(command)).await;
            }
        }
    }
}
