//! The ways between the page and the engine: intents go in as messages, states come out of a channel,
//! and what is typed is answered.

use crate::engine::Engine;
use crate::feed::Feed;
use serde_json::Result as Json;
use siaga_desk::{Intent, Packet};
use std::sync::{Mutex, PoisonError};
use tauri::async_runtime::JoinHandle;
use tauri::http::{Request, Response, StatusCode, header};
use tauri::ipc::Channel;
use tauri::{AppHandle, Manager, State};
use tokio::sync::{mpsc, oneshot};

/// The scheme under which the page asks what comes of what is typed, and waits.
///
/// A letter that is drawn before its findings are there holds them up: the processor draws the page
/// (see `window::lighten`), which takes the page's process up to 8 ms.
pub(crate) const SCHEME: &str = "siaga";

/// Where the page asks, where that is tried: a webview that does not wait is told by the channel.
pub(crate) const TYPING: Option<&str> =
    if cfg!(target_os = "linux") { Some("siaga://localhost/typed") } else { None };

/// How much is kept of what the page tells of a failure, in characters.
const FAILURE_LENGTH: usize = 2_000;

/// The one subscription. A page that reloads subscribes again, which ends the one before.
#[derive(Default)]
pub(crate) struct Subscription(Mutex<Option<Subscribed>>);

struct Subscribed {
    task: JoinHandle<()>,
    typed: mpsc::Sender<Typed>,
}

/// What was typed, and who waits for what comes of it.
struct Typed {
    intent: Intent,
    answer: oneshot::Sender<Packet>,
}

impl Subscription {
    fn begin(&self, new: Subscribed) {
        let before = self.0.lock().unwrap_or_else(PoisonError::into_inner).replace(new);
        if let Some(before) = before {
            before.task.abort();
        }
    }

    /// Hands on what was typed; gives what comes of it, `None` when no page is told anything or the
    /// engine does not take it.
    async fn typed(&self, intent: Intent) -> Option<Packet> {
        let typed = {
            let subscribed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            subscribed.as_ref()?.typed.clone()
        };
        let (answer, answered) = oneshot::channel();
        typed.send(Typed { intent, answer }).await.ok()?;
        answered.await.ok()
    }
}

/// Carries one intent to the engine. What becomes of it shows in the state.
#[tauri::command]
pub(crate) async fn intent(engine: State<'_, Engine>, intent: Intent) -> Result<(), ()> {
    engine.send(intent).await;
    Ok(())
}

/// The page tells that a part of it could not be drawn, or that something in it went wrong: for IT, in
/// the words of the program, which name no person. The page says when it has said enough.
#[tauri::command]
pub(crate) fn page_failed(what: &str) {
    let what: String = what.chars().take(FAILURE_LENGTH).collect();
    tracing::error!(what, "the page failed");
}

/// Sends the whole state now, and after every change what has changed of it (see [`Feed`]).
#[tauri::command]
pub(crate) async fn subscribe(
    app: AppHandle,
    subscription: State<'_, Subscription>,
    channel: Channel<Packet>,
) -> Result<(), ()> {
    let (typed, typing) = mpsc::channel(1);
    let task = tauri::async_runtime::spawn(async move {
        if let Err(error) = tell(&app.state::<Engine>(), typing, &channel).await {
            tracing::error!(%error, "a state cannot be told to the page");
        }
    });
    subscription.begin(Subscribed { task, typed });
    tracing::info!("a page shows this desk");
    Ok(())
}

/// Tells a page the states until it or the desk is gone.
async fn tell(
    engine: &Engine,
    mut typing: mpsc::Receiver<Typed>,
    channel: &Channel<Packet>,
) -> Json<()> {
    let mut feed = Feed::new(engine.states());
    loop {
        tokio::select! {
            biased;
            Some(Typed { intent, answer }) = typing.recv() => {
                // Not taken, the page is not answered and sends it the other way, which waits.
                if let Some(packet) = feed.after(|| engine.try_send(intent)).await {
                    // The page may have been loaded again meanwhile, and asks for all of it.
                    let _ = answer.send(packet?);
                }
            }
            packet = feed.next() => {
                let Some(packet) = packet else { return Ok(()) };
                if channel.send(packet?).is_err() {
                    return Ok(());
                }
            }
        }
    }
}

/// Answers the page's requests under [`SCHEME`]: an edit, by the packet in which its findings are.
pub(crate) async fn answer(app: AppHandle, request: Request<Vec<u8>>) -> Response<Vec<u8>> {
    let (status, body) = match serde_json::from_slice(request.body()) {
        Ok(edit @ Intent::Edit { .. }) => {
            let packet = app.state::<Subscription>().typed(edit).await;
            match packet.map(|packet| serde_json::to_vec(&packet)) {
                Some(Ok(packet)) => (StatusCode::OK, packet),
                Some(Err(_)) | None => (StatusCode::SERVICE_UNAVAILABLE, Vec::new()),
            }
        }
        Ok(_) | Err(_) => (StatusCode::BAD_REQUEST, Vec::new()),
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    // The page is of another scheme, and no other page is ever loaded.
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, header::HeaderValue::from_static("*"));
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    response
}
