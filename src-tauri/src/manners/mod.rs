//! What the window does on the desktop around it: tray, attention, the key that answers from behind
//! other windows, numbers that other programs name. It shows the state and passes intents on; it
//! decides nothing.
//!
//! The key belongs to this program only while this seat rings, and is given back at once: other
//! programs keep it. Where it cannot be grabbed (Wayland without the portal, a key that another
//! program holds) the window asks for attention all the same.

mod key;
mod tray;

use crate::engine::Engine;
use crate::tel::TelLink;
use crate::window::LABEL;
use crate::words::{self, Seat};
use siaga_desk::{AnswerKey, DeskState, Intent, Language, LinkHealth, PhoneState};
use siaga_model::SeatState;
use std::sync::Arc;
use tauri::{AppHandle, Manager, UserAttentionType};
use tauri_plugin_autostart::ManagerExt as _;
use tauri_plugin_notification::NotificationExt as _;
use tokio::sync::watch;
use tray::Tray;

/// What of the state is seen outside the window.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    seat: Seat,
    /// The key to be grabbed.
    key: Option<&'static str>,
    autostart: bool,
    language: Language,
}

impl Seen {
    fn of(state: &DeskState) -> Self {
        let rings = state.call.as_ref().is_some_and(|call| call.phone == PhoneState::Ringing);
        let settings = &state.settings;
        let key = match settings.answer_key {
            AnswerKey::F9 => "F9",
            AnswerKey::Pause => "Pause",
        };
        Self {
            seat: seat(state, rings),
            key: rings.then_some(key),
            autostart: settings.autostart,
            language: settings.language,
        }
    }
}

fn seat(state: &DeskState, rings: bool) -> Seat {
    if rings {
        return Seat::Rings;
    }
    if state.session.is_none() {
        return Seat::Nobody;
    }
    if matches!(state.sip, LinkHealth::Down { .. }) || matches!(state.hub, LinkHealth::Down { .. })
    {
        return Seat::Cut;
    }
    match state.view.as_ref().map(|view| view.seat.state) {
        Some(SeatState::Ready | SeatState::Ringing) => Seat::Ready,
        Some(SeatState::Talking | SeatState::AfterCall) => Seat::Busy,
        Some(SeatState::Offline | SeatState::Paused | SeatState::NotAnswering) | None => {
            Seat::Paused
        }
    }
}

/// Shows the states on the desktop until the engine ends.
pub(crate) fn follow(app: &AppHandle, mut states: watch::Receiver<Arc<DeskState>>) {
    let first = Seen::of(&states.borrow_and_update());
    let tray = Tray::put(app, first.language, first.seat).unwrap_or_else(|error| {
        tracing::warn!(%error, "there is no tray here");
        None
    });
    let answering = app.clone();
    key::listen(move || {
        let app = answering.clone();
        tauri::async_runtime::spawn(async move {
            app.state::<Engine>().send(Intent::Answer).await;
        });
    });
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let mut seen = Seen { key: None, autostart: false, ..first };
        loop {
            let now = Seen::of(&states.borrow_and_update());
            if now != seen {
                show(&app, tray.as_ref(), &seen, &now);
                seen = now;
            }
            if states.changed().await.is_err() {
                return;
            }
        }
    });
}

/// Brings the window before the others, because a person asked for it.
pub(crate) fn raise(app: &AppHandle) {
    let Some(window) = app.get_webview_window(LABEL) else { return };
    for done in [window.unminimize(), window.show(), window.set_focus()] {
        if let Err(error) = done {
            tracing::debug!(%error, "the window cannot be raised");
        }
    }
}

/// Another program has started this one once more: the window comes before the others, and shows
/// what is known of the number in the link that the other program opened, if it did.
pub(crate) fn called_again(app: &AppHandle, arguments: &[String]) {
    raise(app);
    if let Some(link) = TelLink::among(arguments) {
        tracing::info!("another program names a number");
        let app = app.clone();
        tauri::async_runtime::spawn(async move {
            let number = Some(link.number().clone());
            app.state::<Engine>().send(Intent::AskNumber { number }).await;
        });
    }
}

fn show(app: &AppHandle, tray: Option<&Tray>, before: &Seen, now: &Seen) {
    if before.key != now.key {
        key::grab(app, now.key);
    }
    if before.autostart != now.autostart {
        let manager = app.autolaunch();
        let done = if now.autostart { manager.enable() } else { manager.disable() };
        if let Err(error) = done {
            tracing::warn!(%error, "the start with the computer cannot be changed");
        }
    }
    if before.seat == now.seat && before.language == now.language {
        return;
    }
    let text = words::seat(now.language, now.seat);
    if let Some(tray) = tray
        && let Err(error) = tray.show(now.language, now.seat)
    {
        tracing::debug!(%error, "the tray cannot be changed");
    }
    if let Some(window) = app.get_webview_window(LABEL) {
        let rings = now.seat == Seat::Rings;
        // Never the focus: what is being typed elsewhere goes on.
        let attention = rings.then_some(UserAttentionType::Critical);
        if let Err(error) = window.request_user_attention(attention) {
            tracing::debug!(%error, "the window cannot ask for attention");
        }
        if rings && !window.is_focused().unwrap_or(false) {
            // No number and no name: a notification may be read by whoever passes.
            let told = app.notification().builder().title(text).show();
            if let Err(error) = told {
                tracing::debug!(%error, "no notification can be shown");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use siaga_desk::Settings;

    #[test]
    fn the_key_is_wanted_only_while_it_rings_and_it_is_the_one_that_was_set() {
        let mut state = DeskState::default();
        assert_eq!(Seen::of(&state).key, None);
        assert_eq!(Seen::of(&state).seat, Seat::Nobody);
        let call: siaga_desk::DeskCall = serde_json::from_value(serde_json::json!({
            "call": "01JDK000000000000000000000",
            "phone": "ringing", "muted": false, "form": {}, "rev": 0, "saved_rev": 0,
            "writable": false, "advice": null, "rejoining": false,
        }))
        .expect("a call");
        state.call = Some(call);
        assert_eq!(Seen::of(&state).key, Some("F9"));
        assert_eq!(Seen::of(&state).seat, Seat::Rings);
        state.settings = Settings { answer_key: AnswerKey::Pause, ..Settings::default() };
        assert_eq!(Seen::of(&state).key, Some("Pause"));
        state.call =
            state.call.map(|call| siaga_desk::DeskCall { phone: PhoneState::Connected, ..call });
        assert_eq!(Seen::of(&state).key, None, "given back at once");
    }
}
