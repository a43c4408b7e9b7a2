//! A session bus of its own, with the two services of a desktop that a seat speaks to: the tray and
//! the notifications. They note what they are told.

use crate::room::{Room, Running};
use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::sync::{Arc, Mutex, PoisonError};
use zbus::blocking::{Connection, Proxy, connection};
use zbus::message::Header;
use zbus::zvariant::{OwnedValue, Value};

/// What programs have told the desktop.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    /// Whose icons are in the tray: the address on the bus, and the path.
    icons: Vec<(String, String)>,
    /// What was notified: title and text.
    notified: Vec<(String, String)>,
}

/// The bus. Everything on it ends with it.
pub(crate) struct Bus {
    pub(crate) address: String,
    told: Arc<Mutex<Told>>,
    desktop: Connection,
    _daemon: Running,
}

struct Tray(Arc<Mutex<Told>>);

/// <https://www.freedesktop.org/wiki/Specifications/StatusNotifierItem/StatusNotifierWatcher/>
#[zbus::interface(name = "org.kde.StatusNotifierWatcher")]
impl Tray {
    #[expect(clippy::needless_pass_by_value, reason = "zbus hands the header over so")]
    fn register_status_notifier_item(&self, service: &str, #[zbus(header)] header: Header<'_>) {
        let sender = header.sender().map(ToString::to_string).unwrap_or_default();
        // Either a path of the sender's, or an address with the usual path.
        let icon = if service.starts_with('/') {
            (sender, service.to_owned())
        } else {
            (service.to_owned(), "/StatusNotifierItem".to_owned())
        };
        lock(&self.0).icons.push(icon);
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        lock(&self.0).icons.iter().map(|(address, path)| format!("{address}{path}")).collect()
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }
}

struct Notifications(Arc<Mutex<Told>>);

/// <https://specifications.freedesktop.org/notification-spec/latest/protocol.html>
#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Notifications {
    #[expect(clippy::too_many_arguments, reason = "the specification has so many")]
    fn notify(
        &self,
        _app: &str,
        _replaces: u32,
        _icon: &str,
        summary: &str,
        body: &str,
        _actions: Vec<String>,
        _hints: HashMap<String, OwnedValue>,
        _expires: i32,
    ) -> u32 {
        lock(&self.0).notified.push((summary.to_owned(), body.to_owned()));
        1
    }

    fn close_notification(&self, _id: u32) {}

    fn get_capabilities(&self) -> Vec<String> {
        vec!["body".to_owned()]
    }

    fn get_server_information(&self) -> (String, String, String, String) {
        ("test".to_owned(), "test".to_owned(), "1".to_owned(), "1.2".to_owned())
    }
}

impl Bus {
    /// Starts a bus and both services.
    pub(crate) fn start(room: &Room) -> Self {
        let mut command = room.command("dbus-daemon");
        command.args(["--session", "--nofork", "--nopidfile", "--print-address=1"]);
        let mut daemon = room.talk(command, "bus");
        let mut address = String::new();
        let stdout = daemon.process.stdout.take().expect("piped");
        BufReader::new(stdout).read_line(&mut address).expect("the bus says its address");
        let address = address.trim().to_owned();
        let told = Arc::<Mutex<Told>>::default();
        let desktop = connection::Builder::address(address.as_str())
            .and_then(|bus| bus.name("org.kde.StatusNotifierWatcher"))
            .and_then(|bus| bus.name("org.freedesktop.Notifications"))
            .and_then(|bus| bus.serve_at("/StatusNotifierWatcher", Tray(told.clone())))
            .and_then(|bus| {
                bus.serve_at("/org/freedesktop/Notifications", Notifications(told.clone()))
            })
            .and_then(connection::Builder::build)
            .expect("a desktop on the bus");
        Self { address, told, desktop, _daemon: daemon }
    }

    /// The titles and texts of all notifications so far.
    pub(crate) fn notified(&self) -> Vec<(String, String)> {
        lock(&self.told).notified.clone()
    }

    /// The lines of the menu of the icon that came last; `None` while there is none.
    pub(crate) fn menu(&self) -> Option<Vec<String>> {
        let (address, path) = lock(&self.told).icons.last().cloned()?;
        self.menu_of(&address, &path).ok()
    }

    fn menu_of(&self, address: &str, path: &str) -> zbus::Result<Vec<String>> {
        let icon = Proxy::new(&self.desktop, address, path, "org.kde.StatusNotifierItem")?;
        let menu: zbus::zvariant::OwnedObjectPath = icon.get_property("Menu")?;
        let menu = Proxy::new(&self.desktop, address.to_owned(), menu, "com.canonical.dbusmenu")?;
        type Layout = (u32, (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>));
        let (_, (_, _, lines)): Layout = menu.call("GetLayout", &(0, -1, vec!["label"]))?;
        Ok(lines.iter().filter_map(|line| label(line)).collect())
    }
}

/// The text of a line of a menu: `(ia{sv}av)`.
fn label(line: &Value<'_>) -> Option<String> {
    let line = match line {
        Value::Value(inner) => inner,
        other => other,
    };
    let Value::Structure(line) = line else { return None };
    let Some(Value::Dict(properties)) = line.fields().get(1) else { return None };
    properties.get::<&str, String>(&"label").ok().flatten()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
