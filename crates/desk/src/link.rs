//! The desk's connection to the hub: one socket, re-opened when it is lost. What is said over it,
//! and what is said again, is the core's.

use siaga_hub_api::{
    ApiError, ClientError, DeskReceiver, DeskSender, ErrorCode, HubClient, MAX_MESSAGE,
    OUTBOX_CAPACITY, Sequenced, ToDesk, ToHub,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc};

/// Messages that may wait for the socket: all that the outbox can hold. When it is full the engine
/// lets go of the line, and everything is said again on the next one.
const LINE: usize = OUTBOX_CAPACITY;

/// Pauses between attempts, in milliseconds: at once, then slower, never slower than the last, so
/// that a hub that restarts, or a network that returns, has its desks back within a second.
const BACK_OFF_MS: [u64; 3] = [50, 250, 500];

/// A sign of life is given this often.
const PING_EVERY: Duration = Duration::from_secs(2);

/// The hub asks for a sign of life every 2 s: one that was silent for longer than two of them is
/// not there any more, whatever TCP thinks.
const SILENT: Duration = Duration::from_secs(5);

/// What the link tells the engine.
#[derive(Debug)]
pub(crate) enum LinkSaw {
    /// A socket stands, and takes messages here. What was given to an earlier line and not sent is
    /// forgotten: the core says it again, in order.
    Up(mpsc::Sender<Sequenced<ToHub>>),
    /// It is gone and is being re-opened.
    Down,
    /// The hub said this.
    Said(ToDesk),
}

/// The engine's end. Dropping it ends the link.
pub(crate) struct Link {
    commands: Arc<Commands>,
}

#[derive(Default)]
struct Commands {
    reconnect: Notify,
    end: Notify,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.commands.end.notify_one();
    }
}

impl Link {
    /// Starts a link for this session; what it sees goes to `saw`.
    pub(crate) fn start(client: HubClient, saw: mpsc::Sender<LinkSaw>) -> Self {
        let commands = Arc::new(Commands::default());
        tokio::spawn(Run { client, saw, commands: Arc::clone(&commands) }.run());
        Self { commands }
    }

    /// Lets go of the socket, or of the attempt to open one, and opens another one at once.
    pub(crate) fn reconnect(&self) {
        self.commands.reconnect.notify_one();
    }
}

struct Run {
    client: HubClient,
    saw: mpsc::Sender<LinkSaw>,
    commands: Arc<Commands>,
}

/// Why a connection came to its end.
enum Over {
    /// The engine has gone, or the hub has ended the session: no more connections.
    ForGood,
    /// The connection was lost.
    Lost,
    /// The engine wants another one, now.
    Renewed,
}

impl Run {
    async fn run(self) {
        let commands = Arc::clone(&self.commands);
        tokio::select! {
            () = commands.end.notified() => {}
            () = self.keep_open() => {}
        }
    }

    async fn keep_open(&self) {
        let mut attempt = 0;
        loop {
            let mut stood = false;
            let over = tokio::select! {
                over = self.connection(&mut stood) => over,
                () = self.commands.reconnect.notified() => Over::Renewed,
            };
            if matches!(over, Over::ForGood) || self.saw.send(LinkSaw::Down).await.is_err() {
                return;
            }
            if stood || matches!(over, Over::Renewed) {
                attempt = 0;
            }
            if matches!(over, Over::Lost) {
                let pause = Duration::from_millis(BACK_OFF_MS[attempt.min(BACK_OFF_MS.len() - 1)]);
                attempt += 1;
                // Whoever wants another connection need not wait for it.
                let renewed = self.commands.reconnect.notified();
                let _ = tokio::time::timeout(pause, renewed).await;
            }
        }
    }

    /// One connection, from its opening to its end.
    async fn connection(&self, stood: &mut bool) -> Over {
        match self.client.connect().await {
            Ok((sender, receiver)) => {
                *stood = true;
                let (line, messages) = mpsc::channel(LINE);
                if self.saw.send(LinkSaw::Up(line)).await.is_err() {
                    return Over::ForGood;
                }
                self.carry(sender, receiver, messages).await
            }
            Err(ClientError::Refused(error)) if error.code == ErrorCode::NotLoggedIn => {
                let _ = self.saw.send(LinkSaw::Said(ToDesk::Bye { error })).await;
                Over::ForGood
            }
            Err(error) => {
                tracing::debug!(%error, "the hub cannot be reached");
                Over::Lost
            }
        }
    }

    /// No hub would read it, so it must not be tried for ever.
    async fn too_large(&self, seq: u64) -> Result<(), ClientError> {
        let error = ApiError::new(ErrorCode::TooLarge, format!("over {MAX_MESSAGE} bytes"));
        // An engine that has gone is noticed at the next turn.
        let _ = self.saw.send(LinkSaw::Said(ToDesk::Refused { seq, error })).await;
        Ok(())
    }

    async fn carry(
        &self,
        mut sender: DeskSender,
        mut receiver: DeskReceiver,
        mut messages: mpsc::Receiver<Sequenced<ToHub>>,
    ) -> Over {
        let mut pings = tokio::time::interval(PING_EVERY);
        loop {
            let sent = tokio::select! {
                message = messages.recv() => match message {
                    Some(message) => match sender.send(&message).await {
                        Err(ClientError::TooLarge(_)) => self.too_large(message.seq).await,
                        sent => sent,
                    },
                    // The engine has let go of this line.
                    None => return Over::Lost,
                },
                said = receiver.next() => match said {
                    Ok(Some(said)) => {
                        let ends = matches!(said, ToDesk::Bye { .. });
                        if self.saw.send(LinkSaw::Said(said)).await.is_err() || ends {
                            return Over::ForGood;
                        }
                        Ok(())
                    }
                    Ok(None) => return Over::Lost,
                    // A message of a newer hub: the next view tells all that matters.
                    Err(ClientError::Malformed(what)) => {
                        tracing::warn!(%what, "the hub said something not understood");
                        Ok(())
                    }
                    Err(error) => Err(error),
                },
                _ = pings.tick() => {
                    if receiver.heard_at().elapsed() >= SILENT {
                        return Over::Lost;
                    }
                    sender.ping().await
                }
            };
            if let Err(error) = sent {
                tracing::debug!(%error, "the hub's socket is gone");
                return Over::Lost;
            }
        }
    }
}

#[cfg(test)]
mod tests;
