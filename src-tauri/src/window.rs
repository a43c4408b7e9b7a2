//! One window, one command, one channel.

use crate::args::Mode;
use crate::engine::{Engine, Prefill};
use anyhow::Context;
use siaga_desk::{DeskState, Intent};
use std::sync::{Arc, Mutex, PoisonError};
use tauri::async_runtime::JoinHandle;
use tauri::ipc::Channel;
use tauri::{Manager, RunEvent, State, WebviewUrl, WebviewWindow, WebviewWindowBuilder};

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

/// Sends the whole state now, and after every change what has changed of it (see
/// [`DeskState::packet`]). States that come faster than they can be sent are skipped: only the newest
/// counts.
#[tauri::command]
async fn subscribe(
    engine: State<'_, Engine>,
    subscription: State<'_, Subscription>,
    channel: Channel<DeskState>,
) -> Result<(), ()> {
    let mut states = engine.states();
    let task = tauri::async_runtime::spawn(async move {
        let mut sent: Option<Arc<DeskState>> = None;
        loop {
            let state = states.borrow_and_update().clone();
            let packet = state.packet(sent.as_deref());
            sent = Some(state);
            if channel.send(packet).is_err() || states.changed().await.is_err() {
                return;
            }
        }
    });
    let before = subscription.0.lock().unwrap_or_else(PoisonError::into_inner).replace(task);
    if let Some(before) = before {
        before.abort();
    }
    tracing::info!("a page shows this desk");
    Ok(())
}

/// Starts the desk, opens the window, and stays until it is closed.
pub(crate) fn run(mode: Mode) -> anyhow::Result<()> {
    tauri::Builder::default()
        .manage(Subscription::default())
        .invoke_handler(tauri::generate_handler![intent, subscribe])
        .setup(move |app| {
            let data = app.path().app_local_data_dir()?;
            let engine = tauri::async_runtime::block_on(Engine::start(mode, &data))?;
            let start = start_script(engine.prefill())?;
            app.manage(engine);
            let window = WebviewWindowBuilder::new(app, LABEL, WebviewUrl::default())
                .title("Siaga 110")
                .inner_size(1366.0, 768.0)
                .min_inner_size(1280.0, 680.0)
                .initialization_script(start)
                .on_navigation(|url| {
                    // The page that came with the program, and no other.
                    url.scheme() == "tauri" || url.host_str() == Some("tauri.localhost")
                })
                .build()?;
            revive(&window)?;
            Ok(())
        })
        .build(tauri::generate_context!())
        .context("the window could not be opened")?
        .run(|app, event| {
            if let RunEvent::Exit = event {
                tauri::async_runtime::block_on(app.state::<Engine>().shut_down());
            }
        });
    Ok(())
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

/// Only WebKitGTK's signal can be reached without FFI of our own. On Windows `ProcessFailed` of
/// WebView2 has to be wired before a seat is run there.
#[cfg(not(target_os = "linux"))]
fn revive(_window: &WebviewWindow) -> tauri::Result<()> {
    Ok(())
}
