//! The desk's connection to the hub: one socket, re-opened when it is lost, with everything that
//! the hub has not acknowledged said again.

use siaga_hub_api::{
    ApiError, ClientError, DeskReceiver, DeskSender, ErrorCode, HubClient, Outbox, ToDesk, ToHub,
};
use std::time::Duration;
use tokio::sync::mpsc;

/// Messages that may wait for the link between two of its turns; the outbox behind it coalesces, so
/// this only has to hold what one turn of the engine makes.
const QUEUE: usize = 256;

/// Pauses between attempts, in milliseconds: at once, then slower, never slower than the last, so
/// that a hub that restarts has its desks back within seconds.
const BACK_OFF_MS: [u64; 5] = [50, 250, 500, 1_000, 2_000];

/// A sign of life is asked for this often, so that a dead connection shows as an error.
const PING_EVERY: Duration = Duration::from_secs(2);

/// What the link tells the engine.
#[derive(Debug)]
pub(crate) enum LinkSaw {
    /// The socket stands.
    Up,
    /// It is gone and is being re-opened.
    Down,
    /// The hub said this.
    Said(ToDesk),
}

/// The engine's end. Dropping it ends the link.
pub(crate) struct Link {
    messages: mpsc::Sender<ToHub>,
}

impl Link {
    /// Starts a link for this session; what it sees goes to `saw`.
    pub(crate) fn start(client: HubClient, saw: mpsc::Sender<LinkSaw>) -> Self {
        let (messages, receiver) = mpsc::channel(QUEUE);
        tokio::spawn(Run { client, outbox: Outbox::new(), messages: receiver, saw }.run());
        Self { messages }
    }

    /// Says this to the hub, now or when the socket stands again.
    pub(crate) async fn say(&self, message: ToHub) {
        // A link that has ended has told the engine `Bye`.
        let _ = self.messages.send(message).await;
    }
}

struct Run {
    client: HubClient,
    outbox: Outbox,
    messages: mpsc::Receiver<ToHub>,
    saw: mpsc::Sender<LinkSaw>,
}

/// Why a connection came to its end.
enum Over {
    /// The engine has gone: no more connections.
    Engine,
    /// The hub has ended the session: no more connections.
    Session,
    /// The connection was lost.
    Connection,
}

impl Run {
    async fn run(mut self) {
        let mut attempt = 0;
        loop {
            let over = match self.client.connect().await {
                Ok((sender, receiver)) => {
                    attempt = 0;
                    self.outbox.reconnected();
                    if self.saw.send(LinkSaw::Up).await.is_err() {
                        return;
                    }
                    self.pump(sender, receiver).await
                }
                Err(ClientError::Refused(error)) => {
                    let _ = self.saw.send(LinkSaw::Said(ToDesk::Bye { error })).await;
                    Over::Session
                }
                Err(error) => {
                    tracing::debug!(%error, "the hub cannot be reached");
                    Over::Connection
                }
            };
            match over {
                Over::Engine | Over::Session => return,
                Over::Connection => {}
            }
            if self.saw.send(LinkSaw::Down).await.is_err() {
                return;
            }
            let pause = BACK_OFF_MS[attempt.min(BACK_OFF_MS.len() - 1)];
            attempt += 1;
            if !self.wait(Duration::from_millis(pause)).await {
                return;
            }
        }
    }

    /// Waits, and meanwhile takes what the engine says. `false` when the engine has gone.
    async fn wait(&mut self, pause: Duration) -> bool {
        let until = tokio::time::Instant::now() + pause;
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(until) => return true,
                message = self.messages.recv() => match message {
                    Some(message) => self.keep(message).await,
                    None => return false,
                },
            }
        }
    }

    async fn keep(&mut self, message: ToHub) {
        if self.outbox.push(message).is_err() {
            let error = ApiError::new(ErrorCode::NotStored, "too much waits for the hub already");
            let _ = self.saw.send(LinkSaw::Said(ToDesk::Refused { seq: 0, error })).await;
        }
    }

    async fn pump(&mut self, mut sender: DeskSender, mut receiver: DeskReceiver) -> Over {
        let mut pings = tokio::time::interval(PING_EVERY);
        loop {
            while let Some(message) = self.outbox.to_send() {
                if let Err(error) = sender.send(message).await {
                    tracing::debug!(%error, "the hub's socket is gone");
                    return Over::Connection;
                }
            }
            tokio::select! {
                message = self.messages.recv() => match message {
                    Some(message) => self.keep(message).await,
                    None => {
                        sender.close().await;
                        return Over::Engine;
                    }
                },
                said = receiver.next() => match said {
                    Ok(Some(said)) => {
                        if self.heard(said).await {
                            return Over::Session;
                        }
                    }
                    Ok(None) => return Over::Connection,
                    // A message of a newer hub: the next view tells all that matters.
                    Err(ClientError::Malformed(what)) => {
                        tracing::warn!(%what, "the hub said something not understood");
                    }
                    Err(error) => {
                        tracing::debug!(%error, "the hub's socket is gone");
                        return Over::Connection;
                    }
                },
                _ = pings.tick() => {
                    if sender.ping().await.is_err() {
                        return Over::Connection;
                    }
                }
            }
        }
    }

    /// Takes one message of the hub; `true` when it ended the session.
    async fn heard(&mut self, said: ToDesk) -> bool {
        let ended = match &said {
            ToDesk::Ack { seq } => {
                self.outbox.acked(*seq);
                false
            }
            ToDesk::Refused { seq, error } => {
                self.outbox.refused(*seq, error.code);
                false
            }
            ToDesk::View(_) | ToDesk::Cases(_) => false,
            ToDesk::Bye { .. } => true,
        };
        let _ = self.saw.send(LinkSaw::Said(said)).await;
        ended
    }
}
