//! The lines to the switch, in tasks of their own, so that a slow switch never holds up the hub: one
//! for what is done with calls, and one for the accounts of telephones, which may take a switch that
//! runs elsewhere its time. When a watch changes and everybody logs in, callers are rung for all the
//! same.

use crate::actor::Inbox;
use siaga_call_flow::SwitchCommand;
use siaga_model::{Redacted, SeatId};
use siaga_switch::{Switch, SwitchError};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// How many commands may wait. When it is full, a command fails as it does when the switch is gone:
/// a leg that should ring counts as ended.
pub(crate) const COMMANDS_WAITING: usize = 1_024;
/// How many changes of accounts may wait; who logs in waits, and a dismissal is then left out.
pub(crate) const ACCOUNTS_WAITING: usize = 256;

/// A change of the telephone accounts, done in the order in which they were decided.
#[derive(Debug)]
pub(crate) enum AccountJob {
    Admit {
        seat: SeatId,
        secret: Redacted<String>,
        reply: oneshot::Sender<Result<(), SwitchError>>,
    },
    Dismiss(SeatId),
}

/// Brings commands to the switch, in order.
pub(crate) struct Line {
    pub(crate) switch: Arc<dyn Switch>,
    pub(crate) commands: mpsc::Receiver<SwitchCommand>,
    pub(crate) hub: mpsc::WeakSender<Inbox>,
}

impl Line {
    /// Runs until nobody commands any more.
    pub(crate) async fn run(mut self) {
        while let Some(command) = self.commands.recv().await {
            if let Err(error) = self.switch.execute(command.clone()).await {
                tracing::error!(%error, ?command, "the switch did not take a command");
                if let Some(hub) = self.hub.upgrade() {
                    let _ = hub.send(Inbox::SwitchFailed(command)).await;
                }
            }
        }
    }
}

/// Opens and ends telephone accounts, in order.
pub(crate) struct Accounts {
    pub(crate) switch: Arc<dyn Switch>,
    pub(crate) jobs: mpsc::Receiver<AccountJob>,
}

impl Accounts {
    /// Runs until nobody asks any more.
    pub(crate) async fn run(mut self) {
        while let Some(job) = self.jobs.recv().await {
            match job {
                AccountJob::Admit { seat, secret, reply } => {
                    // Whoever asked may have gone away meanwhile.
                    let _ = reply.send(self.switch.admit(&seat, &secret).await);
                }
                AccountJob::Dismiss(seat) => {
                    if let Err(error) = self.switch.dismiss(&seat).await {
                        tracing::warn!(%seat, %error, "a telephone account could not be ended");
                    }
                }
            }
        }
    }
}
