//! The key that answers from behind other windows.

use global_hotkey::hotkey::HotKey;
use global_hotkey::{GlobalHotKeyEvent, GlobalHotKeyManager, HotKeyState};
use std::cell::RefCell;
use tauri::AppHandle;

thread_local! {
    /// What holds the key. On the main thread, since Windows tells a key to the thread that asked for it.
    static GRABBED: RefCell<Option<Grabbed>> = const { RefCell::new(None) };
}

/// A key that comes here whatever window has the focus, until this is dropped.
///
/// There is no manager without a key: on X11 it has a thread that looks for keys twenty times a second.
struct Grabbed {
    manager: GlobalHotKeyManager,
    key: HotKey,
}

impl Grabbed {
    fn key(name: &str) -> anyhow::Result<Self> {
        let key = name.parse()?;
        let manager = GlobalHotKeyManager::new()?;
        manager.register(key)?;
        Ok(Self { manager, key })
    }
}

impl Drop for Grabbed {
    fn drop(&mut self) {
        // The X server gives a key back when the manager's connection is closed, for which nobody waits.
        if cfg!(windows)
            && let Err(error) = self.manager.unregister(self.key)
        {
            tracing::warn!(%error, key = %self.key, "a key cannot be given back");
        }
    }
}

/// Has `pressed` called whenever the key is. To be called once.
pub(super) fn listen(pressed: impl Fn() + Send + Sync + 'static) {
    GlobalHotKeyEvent::set_event_handler(Some(move |event: GlobalHotKeyEvent| {
        if event.state() == HotKeyState::Pressed {
            pressed();
        }
    }));
}

/// Grabs this key from the whole desktop, and gives back the one that was grabbed.
pub(super) fn grab(app: &AppHandle, key: Option<&'static str>) {
    let change = move || {
        GRABBED.take();
        let Some(name) = key else { return };
        match Grabbed::key(name) {
            Ok(grabbed) => GRABBED.set(Some(grabbed)),
            Err(error) => {
                tracing::info!(%error, key = name, "the key that answers cannot be grabbed here");
            }
        }
    };
    if let Err(error) = app.run_on_main_thread(change) {
        tracing::warn!(%error, "no key can be grabbed: the window has gone");
    }
}
