//! One window, one command, one channel.

use crate::engine::{Engine, Prefill};
use anyhow::Context;
use siaga_desk::{DeskState, Intent};
use std::sync::{Arc, Mutex, PoisonError};
use tauri::async_runtime::JoinHandle;
use tauri::ipc::Channel;
use tauri::{State, WebviewUrl, WebviewWindow, WebviewWindowBuilder};

/// The window's label, which the capability file names too.
const LABEL: &str = "seat";

/// The one subscription. A page that reloads subscribes again, which ends the one before.
#[derive(Default)]
struct Subscription(Mutex<Option<JoinHandle<()>>>);

/// Carries one intent to the engine. What becomes of it shows in the state.
#[tauri::command]
async fn intent(engine: State<'_, Engine>, intent: Intent) -> Result<(), ()> {
    engine.send(intent).await;
    Ok(())
}

/// Sends the whole state now and after every change. States that come faster than they can be sent
/// are skipped: only the newest counts.
#[tauri::command]
async fn subscribe(
    engine: State<'_, Engine>,
    subscription: State<'_, Subscription>,
    channel: Channel<Arc<DeskState>>,
) -> Result<(), ()> {
    let mut states = engine.states();
    let task = tauri::async_runtime::spawn(async move {
        loop {
            let state = states.borrow_and_update().clone();
            if channel.send(state).is_err() || states.changed().await.is_err() {
                return;
            }
        }
    });
    let before =
        subscription.0.lock().unwrap_or_else(PoisonError::into_inner).replace(task);
    if let Some(before) = before {
        before.abort();
    }
    Ok(())
}

/// Opens the window and stays until it is closed.
pub(crate) fn run(engine: Engine) -> anyhow::Result<()> {
    let prefill = engine.prefill().clone();
    tauri::Builder::default()
        .manage(engine)
        .manage(Subscription::default())
        .invoke_handler(tauri::generate_handler![intent, subscribe])
        .setup(move |app| {
            let window = WebviewWindowBuilder::new(app, LABEL, WebviewUrl::default())
                .title("Siaga 110")
                .inner_size(1366.0, 768.0)
                .min_inner_size(1280.0, 680.0)
                .initialization_script(start_script(&prefill)?)
                .on_navigation(|url| {
                    // The page that came with the program, and no other.
                    url.scheme() == "tauri" || url.host_str() == Some("tauri.localhost")
                })
                .build()?;
            revive(&window)?;
            Ok(())
        })
        .run(tauri::generate_context!())
        .context("the window could not be opened")
}

/// What the login page is filled with; run before every load of the page.
fn start_script(prefill: &Prefill) -> serde_json::Result<String> {
    Ok(format!("window.__SIAGA_START__ = {};", serde_json::to_string(prefill)?))
}

/// Loads the page again when its process dies.
#[cfg(target_os = "linux")]
fn revive(window: &WebviewWindow) -> tauri::Result<()> {
    use webkit2gtk::WebViewExt;
    window.with_webview(|view| {
        view.inner().connect_web_process_terminated(|page, reason| {
            tracing::error!(?reason, "the page's process has died; loading it again");
            page.reload();
        });
    })
}

/// WebView2 loads a crashed page again by itself when its host lets it show its own error page, which
/// Tauri does; `ProcessFailed` is not passed on by Tauri.
#[cfg(not(target_os = "linux"))]
fn revive(_window: &WebviewWindow) -> tauri::Result<()> {
    Ok(())
}
