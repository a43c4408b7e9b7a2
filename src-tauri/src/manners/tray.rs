//! The icon in the tray: a badge on the program's icon and the first line of its menu say how this
//! seat is. The menu opens the window, and does nothing else: a desk is not left by a stray click.

use super::raise;
use crate::words::{self, Seat};
use siaga_desk::Language;
use std::path::Path;
use tauri::image::Image;
use tauri::menu::{Menu, MenuItem, PredefinedMenuItem};
use tauri::tray::{MouseButton, TrayIcon, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Wry};

/// The menu's line that opens the window.
const OPEN: &str = "open";

/// A tray icon that stands.
pub(super) struct Tray {
    icon: TrayIcon,
    /// The program's own icon.
    plain: Image<'static>,
    state: MenuItem<Wry>,
    open: MenuItem<Wry>,
}

impl Tray {
    /// Puts an icon into the tray; `None` where there is no library that could.
    pub(super) fn put(
        app: &AppHandle,
        language: Language,
        seat: Seat,
    ) -> tauri::Result<Option<Self>> {
        let Some(plain) = app.default_window_icon().map(|icon| icon.clone().to_owned()) else {
            return Ok(None);
        };
        if !can_be_drawn() {
            tracing::info!("no library for the tray is installed");
            return Ok(None);
        }
        let text = words::seat(language, seat);
        let state = MenuItem::new(app, text, false, None::<&str>)?;
        let open = MenuItem::with_id(app, OPEN, words::open(language), true, None::<&str>)?;
        let menu = Menu::with_items(app, &[&state, &PredefinedMenuItem::separator(app)?, &open])?;
        let icon = TrayIconBuilder::with_id("seat")
            .icon(badged(&plain, seat))
            .tooltip(text)
            .menu(&menu)
            .show_menu_on_left_click(false)
            .on_menu_event(|app, event| {
                if event.id() == OPEN {
                    raise(app);
                }
            })
            .on_tray_icon_event(|tray, event| {
                if let TrayIconEvent::Click { button: MouseButton::Left, .. } = event {
                    raise(tray.app_handle());
                }
            })
            .build(app)?;
        Ok(Some(Self { icon, plain, state, open }))
    }

    /// Shows another state.
    pub(super) fn show(&self, language: Language, seat: Seat) -> tauri::Result<()> {
        let text = words::seat(language, seat);
        self.state.set_text(text)?;
        self.open.set_text(words::open(language))?;
        self.icon.set_icon(Some(badged(&self.plain, seat)))?;
        self.icon.set_tooltip(Some(text))
    }
}

/// On Linux the library that draws the icon is loaded when the first one is made, and ends the
/// program when it is not there.
fn can_be_drawn() -> bool {
    const LIBRARIES: [&str; 2] = ["libayatana-appindicator3.so.1", "libappindicator3.so.1"];
    const FOLDERS: [&str; 4] =
        ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"];
    !cfg!(target_os = "linux")
        || FOLDERS
            .iter()
            .any(|folder| LIBRARIES.iter().any(|name| Path::new(folder).join(name).exists()))
}

/// The icon with a disc in its corner. Colours of the window's fills; who cannot tell them apart
/// reads the menu.
fn badged(plain: &Image<'_>, seat: Seat) -> Image<'static> {
    let (width, height) = (plain.width(), plain.height());
    let mut pixels = plain.rgba().to_vec();
    let [red, green, blue] = match seat {
        Seat::Nobody => return Image::new_owned(pixels, width, height),
        Seat::Cut => [0xB4, 0x14, 0x1C],
        Seat::Paused => [0x74, 0x81, 0x8D],
        Seat::Ready => [0x0A, 0x6B, 0x3B],
        Seat::Busy => [0x0A, 0x4F, 0xA3],
        Seat::Rings => [0xFF, 0xC0, 0x20],
    };
    // A quarter of the icon's side, with a white rim that sets it off from any icon.
    let radius = f64::from(width.min(height)) / 4.0;
    let rim = (radius / 5.0).max(1.0);
    let middle = (f64::from(width) - radius, f64::from(height) - radius);
    for (at, pixel) in pixels.chunks_exact_mut(4).enumerate() {
        let (x, y) = (at as u32 % width, at as u32 / width);
        let away = (f64::from(x) + 0.5 - middle.0).hypot(f64::from(y) + 0.5 - middle.1);
        if away <= radius - rim {
            pixel.copy_from_slice(&[red, green, blue, 0xFF]);
        } else if away <= radius {
            pixel.copy_from_slice(&[0xFF; 4]);
        }
    }
    Image::new_owned(pixels, width, height)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_a_badge_of_its_own_and_the_icon_stays_otherwise() {
        let plain = Image::new_owned(vec![7; 32 * 32 * 4], 32, 32);
        let states = [Seat::Cut, Seat::Paused, Seat::Ready, Seat::Busy, Seat::Rings, Seat::Nobody];
        let pictures = states.map(|seat| badged(&plain, seat).rgba().to_vec());
        for (n, picture) in pictures.iter().enumerate() {
            assert!(pictures[..n].iter().all(|other| other != picture), "{:?}", states[n]);
            assert_eq!(picture[..32 * 4 * 14], plain.rgba()[..32 * 4 * 14], "only the corner");
        }
        assert_eq!(pictures[5], plain.rgba(), "nobody sits here: nothing to show");
    }
}
