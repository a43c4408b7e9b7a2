//! One desk's WebSocket. Whatever a desk does here, nobody else notices.

use super::{Shared, error::Failure, token};
use crate::actor::{DESK_QUEUE, DeskLine, Inbox, Slot};
use crate::core::ConnectionId;
use crate::flood::{Allowance, MESSAGES};
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::HeaderMap;
use axum::response::Response;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use siaga_hub_api::{ApiError, ErrorCode, MAX_MESSAGE, Sequenced, ToDesk, ToHub};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior};

/// A message up to this is still read, to be refused politely; what is larger ends the connection.
const READABLE: usize = 4 * MAX_MESSAGE;
/// A desk is asked for a sign of life this often …
const PING_EVERY: Duration = Duration::from_secs(2);
/// … and counts as gone when nothing came for this long.
const SILENT: Duration = Duration::from_secs(7);
/// A desk that does not take a message within this time is gone.
const SEND_WITHIN: Duration = Duration::from_secs(5);

/// The connection is over.
struct Over;

pub(super) async fn desk(
    State(shared): State<Shared>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Result<Response, Failure> {
    let token = token(&headers)?;
    // Whether the session stands must be known before the upgrade: after it there is no HTTP answer.
    let asked = token.clone();
    shared.ask(|reply| Inbox::Unit { token: asked, reply }).await??;
    let upgrade = upgrade.map_err(|error| Failure::new(ErrorCode::Malformed, error.body_text()))?;
    let upgrade = upgrade.max_message_size(READABLE).max_frame_size(READABLE);
    Ok(upgrade.on_upgrade(move |socket| async move {
        let (queue_in, queue) = mpsc::channel(DESK_QUEUE);
        let (slot_in, slot) = watch::channel(Slot::default());
        let desk = DeskLine { queue: queue_in, slot: slot_in };
        let (sink, stream) = socket.split();
        let said = Allowance::new(MESSAGES, shared.0.clock.now());
        let mut connection = Connection { sink, queue, slot, said };
        match shared.ask(|reply| Inbox::Connect { token, desk, reply }).await {
            Ok(Ok(id)) => {
                connection.run(&shared, id, stream).await;
                let _ = shared.0.hub.send(Inbox::Disconnected(id)).await;
            }
            Ok(Err(error)) | Err(Failure::Told(error)) => connection.bye(error).await,
            Err(Failure::Stopping) => {}
        }
    }))
}

struct Connection {
    sink: SplitSink<WebSocket, Message>,
    queue: mpsc::Receiver<ToDesk>,
    slot: watch::Receiver<Slot>,
    said: Allowance,
}

impl Connection {
    async fn run(&mut self, shared: &Shared, id: ConnectionId, mut stream: SplitStream<WebSocket>) {
        let mut pings = tokio::time::interval(PING_EVERY);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = Instant::now();
        loop {
            let step = tokio::select! {
                message = self.queue.recv() => match message {
                    Some(message) => self.send(&message).await,
                    // The hub has let this connection go, and said so in the slot.
                    None => self.newest().await.and(Err(Over)),
                },
                changed = self.slot.changed() => match changed {
                    Ok(()) => self.newest().await,
                    Err(_) => Err(Over),
                },
                message = stream.next() => {
                    heard = Instant::now();
                    self.received(shared, id, message).await
                }
                _ = pings.tick() => {
                    if heard.elapsed() >= SILENT {
                        Err(Over)
                    } else {
                        self.put(Message::Ping(Default::default())).await
                    }
                }
            };
            if step.is_err() {
                return;
            }
        }
    }

    /// Sends the newest view, or closes. What was queued before goes first, so that a desk sees its
    /// acknowledgements before it is told to go.
    async fn newest(&mut self) -> Result<(), Over> {
        let slot = self.slot.borrow_and_update().clone();
        if let Some(bye) = slot.closed {
            while let Ok(message) = self.queue.try_recv() {
                self.send(&message).await?;
            }
            match bye {
                Some(error) => self.bye(error).await,
                None => drop(self.put(Message::Close(None)).await),
            }
            return Err(Over);
        }
        match slot.view {
            Some(view) => self.send(&ToDesk::View(Box::new((*view).clone()))).await,
            None => Ok(()),
        }
    }

    async fn received(
        &mut self,
        shared: &Shared,
        id: ConnectionId,
        message: Option<Result<Message, axum::Error>>,
    ) -> Result<(), Over> {
        let text = match message {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => return Ok(()),
            Some(Ok(Message::Binary(_))) => {
                let error = ApiError::new(ErrorCode::Malformed, "a binary message");
                return self.send(&ToDesk::Refused { seq: 0, error }).await;
            }
            Some(Ok(Message::Close(_))) | None => return Err(Over),
            Some(Err(error)) => return self.unreadable(&error).await,
        };
        // Whoever says too much is read more slowly, and nobody else waits for it.
        if let Err(wait) = self.said.take(shared.0.clock.now()) {
            tokio::time::sleep(wait).await;
            let _ = self.said.take(shared.0.clock.now());
        }
        if text.len() > MAX_MESSAGE {
            let error = ApiError::new(ErrorCode::TooLarge, format!("over {MAX_MESSAGE} bytes"));
            return self.send(&ToDesk::Refused { seq: 0, error }).await;
        }
        match serde_json::from_str::<Sequenced<ToHub>>(text.as_str()) {
            Ok(said) => {
                let said = Inbox::Says { connection: id, said };
                shared.0.hub.send(said).await.map_err(|_| Over)
            }
            Err(error) => self.send(&malformed(text.as_str(), &error)).await,
        }
    }

    /// The stream cannot be read any further.
    async fn unreadable(&mut self, error: &axum::Error) -> Result<(), Over> {
        use tokio_tungstenite::tungstenite::Error;
        let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref());
        if let Some(Error::Capacity(_)) = cause {
            self.bye(ApiError::new(ErrorCode::TooLarge, format!("over {READABLE} bytes"))).await;
        }
        Err(Over)
    }

    async fn bye(&mut self, error: ApiError) {
        if self.send(&ToDesk::Bye { error }).await.is_ok() {
            let _ = self.put(Message::Close(None)).await;
        }
    }

    async fn send(&mut self, message: &ToDesk) -> Result<(), Over> {
        match serde_json::to_string(message) {
            Ok(text) => self.put(Message::Text(text.into())).await,
            Err(error) => {
                tracing::error!(%error, "a message to a desk could not be written");
                Err(Over)
            }
        }
    }

    async fn put(&mut self, message: Message) -> Result<(), Over> {
        match tokio::time::timeout(SEND_WITHIN, self.sink.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Over),
        }
    }
}

/// Says where a message stops making sense, without quoting it: it may be personal. Its number is
/// given when it can be read, so that the desk does not repeat it.
fn malformed(text: &str, error: &serde_json::Error) -> ToDesk {
    #[derive(Deserialize)]
    struct OnlySeq {
        seq: u64,
    }
    let seq = serde_json::from_str::<OnlySeq>(text).map_or(0, |only| only.seq);
    let (line, column) = (error.line(), error.column());
    let detail = format!("{:?} error at line {line} column {column}", error.classify());
    ToDesk::Refused { seq, error: ApiError::new(ErrorCode::Malformed, detail) }
}
