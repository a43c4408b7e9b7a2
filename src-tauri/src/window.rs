//! The window that a page is shown in.

use crate::args::{Mode, Start};
use crate::engine::{Engine, Prefill};
use crate::manners;
use crate::page::{self, SCHEME, Subscription};
use crate::tel::TelLink;
use anyhow::Context;
use serde::Serialize;
use siaga_desk::Intent;
use tauri::{AppHandle, Manager, RunEvent, WebviewUrl, WebviewWindow, WebviewWindowBuilder};
use tauri_plugin_window_state::StateFlags;

/// The window's label, which the capability file names too.
pub(crate) const LABEL: &str = "seat";

/// Starts the desk, opens the window, and stays until it is closed.
pub(crate) fn run(start: Start) -> anyhow::Result<()> {
    let Start { mode, link } = start;
    let mut builder = tauri::Builder::default();
    if mode.as_ref().is_none_or(Mode::is_the_only_one) {
        // The first plugin, so that a second program ends before it has opened anything.
        let called = |app: &AppHandle, arguments: Vec<String>, _: String| {
            manners::called_again(app, &arguments);
        };
        builder = builder.plugin(tauri_plugin_single_instance::init(called));
    }
    let again = mode.as_ref().map(Mode::again).unwrap_or_default();
    let place = StateFlags::SIZE | StateFlags::POSITION | StateFlags::MAXIMIZED;
    let opens = mode.is_some();
    let app = builder
        .plugin(tauri_plugin_notification::init())
        .plugin(tauri_plugin_autostart::Builder::new().args(again).build())
        .plugin(tauri_plugin_window_state::Builder::new().with_state_flags(place).build())
        .manage(Subscription::default())
        .invoke_handler(tauri::generate_handler![page::intent, page::subscribe, page::page_failed])
        .register_asynchronous_uri_scheme_protocol(SCHEME, |context, request, responder| {
            let app = context.app_handle().clone();
            tauri::async_runtime::spawn(async move {
                responder.respond(page::answer(app, request).await);
            });
        })
        .setup(move |app| match mode {
            Some(mode) => Ok(open(app.handle(), mode, link)?),
            None => Ok(()),
        })
        .build(tauri::generate_context!())
        .context("the window could not be opened")?;
    // A desk that runs here would have taken the link, and ended this program.
    anyhow::ensure!(opens, "no desk of Siaga 110 runs on this computer");
    app.run(|app, event| {
        if let RunEvent::Exit = event {
            tauri::async_runtime::block_on(app.state::<Engine>().shut_down());
        }
    });
    Ok(())
}

/// Starts the desk and opens its window.
fn open(app: &AppHandle, mode: Mode, link: Option<TelLink>) -> anyhow::Result<()> {
    let data = app.path().app_local_data_dir()?;
    let engine = tauri::async_runtime::block_on(Engine::start(mode, &data))?;
    if let Some(link) = link {
        let number = Some(link.number().clone());
        tauri::async_runtime::block_on(engine.send(Intent::AskNumber { number }));
    }
    let script = start_script(engine.prefill())?;
    let states = engine.states();
    app.manage(engine);
    let window = WebviewWindowBuilder::new(app, LABEL, WebviewUrl::default())
        .title("Siaga 110")
        .inner_size(1366.0, 768.0)
        .min_inner_size(1280.0, 680.0)
        .initialization_script(script)
        .on_navigation(|url| {
            // The page that came with the program, and no other.
            url.scheme() == "tauri" || url.host_str() == Some("tauri.localhost")
        })
        .build()?;
    lighten(&window)?;
    revive(&window)?;
    manners::follow(app, states);
    close_with_the_session(app)?;
    Ok(())
}

/// Closes the window as its cross does when the session or the computer is told to end.
#[cfg(unix)]
fn close_with_the_session(app: &AppHandle) -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| signal(kind).context("the end of the session cannot be listened for");
    // A signal can only be listened for where there is a runtime.
    let _runtime = tauri::async_runtime::handle().inner().enter();
    let [mut terminate, mut interrupt, mut hangup] = [
        listen(SignalKind::terminate())?,
        listen(SignalKind::interrupt())?,
        listen(SignalKind::hangup())?,
    ];
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            _ = hangup.recv() => {}
        }
        tracing::info!("told to end: closing the window");
        app.exit(0);
    });
    Ok(())
}

/// Windows says it to the window itself, and Tauri passes it on as its own exit.
#[cfg(not(unix))]
fn close_with_the_session(_: &AppHandle) -> anyhow::Result<()> {
    Ok(())
}

/// What every load of the page starts with.
#[derive(Serialize)]
struct PageStart<'a> {
    #[serde(flatten)]
    prefill: &'a Prefill,
    /// Where what is typed is answered; `None` where the channel tells it.
    typing: Option<&'static str>,
}

/// Run before every load of the page.
fn start_script(prefill: &Prefill) -> serde_json::Result<String> {
    let start = PageStart { prefill, typing: page::TYPING };
    Ok(format!("window.__SIAGA_START__ = {};", serde_json::to_string(&start)?))
}

/// What the processes of the page find in their surroundings, unless whoever starts this program has said
/// otherwise.
///
/// `Malloc` has WebKit allocate as all other programs do. Its own allocator has a thread that gives unused
/// memory back ten times a second, and a page that does a little a few times a second finds nothing where
/// it left it. One arena is enough for processes of one busy thread.
#[cfg(target_os = "linux")]
const SURROUNDINGS: [(&str, &str); 2] = [("Malloc", "1"), ("MALLOC_ARENA_MAX", "1")];

/// Prepares the surroundings of the page's processes. To be called before there is a second thread.
#[cfg(target_os = "linux")]
pub(crate) fn prepare() {
    for (name, value) in SURROUNDINGS {
        if let Err(error) = webkit2gtk::glib::setenv(name, value, false) {
            tracing::warn!(%error, name, "the page's processes have only their usual surroundings");
        }
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn prepare() {}

/// Has the page drawn by the processor, and keeps what a page of this program never needs out of memory.
///
/// A graphics card is no help to a page of text, but its driver costs 200 MB (measured with Mesa's
/// software driver), and a console must not depend on drivers.
#[cfg(target_os = "linux")]
fn lighten(window: &WebviewWindow) -> tauri::Result<()> {
    use webkit2gtk::{
        CacheModel, HardwareAccelerationPolicy, SettingsExt, WebContextExt, WebViewExt,
    };
    window.with_webview(|view| {
        let page = view.inner();
        if let Some(context) = page.context() {
            // There is one page, and it never goes back.
            context.set_cache_model(CacheModel::DocumentViewer);
        }
        if let Some(settings) = WebViewExt::settings(&page) {
            settings.set_hardware_acceleration_policy(HardwareAccelerationPolicy::Never);
            settings.set_enable_webgl(false);
            // What is heard comes from the engine.
            settings.set_enable_media(false);
            settings.set_enable_webaudio(false);
            settings.set_enable_page_cache(false);
        }
    })
}

#[cfg(not(target_os = "linux"))]
fn lighten(_: &WebviewWindow) -> tauri::Result<()> {
    Ok(())
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

/// As on Linux; also switches the browser's own keys off, which WebKitGTK has none of.
#[cfg(windows)]
fn revive(window: &WebviewWindow) -> tauri::Result<()> {
    window.with_webview(|view| {
        let controller = view.controller();
        if let Err(error) = siaga_webview2::switch_browser_keys_off(&controller) {
            tracing::warn!(%error, "the browser's keys stay on");
        }
        let tell = |failed| tracing::error!(?failed, "a process of the page has died");
        if let Err(error) = siaga_webview2::revive(&controller, tell) {
            tracing::error!(%error, "a page whose process dies will not come back");
        }
    })
}

/// No seat is run elsewhere.
#[cfg(not(any(target_os = "linux", windows)))]
fn revive(_window: &WebviewWindow) -> tauri::Result<()> {
    Ok(())
}
