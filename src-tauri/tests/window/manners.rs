//! What a seat does on the desktop around it, at a desk of a real hub with a real caller: the tray, a
//! call that comes while the operator is elsewhere, the second program, the place of the window.

use crate::bus::Bus;
use crate::driven_by_keys;
use crate::play::Play;
use crate::room::{Room, Running, wait_on};
use std::process::{Command, Stdio};
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{
    ClientMessageEvent, ConnectionExt as _, EventMask, Window as XWindow,
};

/// What the window is called.
const TITLE: &str = "Siaga 110";

struct Seat {
    program: Running,
}

impl Seat {
    /// Opens the window of a desk with a headset.
    fn open(room: &Room, play: &Play, bus: &Bus, name: &str) -> Self {
        let mut program = room.start(Self::command(room, play, bus), name);
        wait_on("the page shows the desk", &mut program, |program| {
            program.said().contains("a page shows this desk")
        });
        Self { program }
    }

    fn command(room: &Room, play: &Play, bus: &Bus) -> Command {
        let mut command = room.command(env!("CARGO_BIN_EXE_siaga-desktop"));
        command.args(["--desk", play.seat(), "--hub", play.hub()]).envs(play.login());
        command.env("DBUS_SESSION_BUS_ADDRESS", &bus.address);
        command
    }

    /// Waits until the first line of the tray's menu says this.
    fn is_said_to_be(&mut self, bus: &Bus, state: &str) {
        let what = format!("the tray says “{state}”");
        wait_on(&what, &mut self.program, |_| {
            bus.menu().is_some_and(|lines| lines.first().is_some_and(|line| line == state))
        });
    }
}

/// A key, with its modifiers as X names them, to whatever has the focus.
fn press(room: &Room, keys: &[&str]) {
    let status = room.command("xdotool").args(keys).stdout(Stdio::null()).status();
    assert!(status.expect("xdotool").success(), "xdotool {keys:?}");
}

#[test]
fn a_call_is_noticed_and_answered_from_behind_other_windows_and_a_second_program_shows_the_first() {
    let name = "a_call_is_noticed_and_answered_from_behind_other_windows_and_a_second_program_shows_the_first";
    let Some(room) = driven_by_keys(name) else { return };
    let bus = Bus::start(&room);
    let mut play = Play::set(&room);
    let mut seat = Seat::open(&room, &play, &bus, "desk");
    seat.is_said_to_be(&bus, "Siaga 110: jeda");
    press(&room, &["search", "--sync", "--onlyvisible", "--name", TITLE, "windowfocus"]);
    press(&room, &["key", "shift+F9"]);
    seat.is_said_to_be(&bus, "Siaga 110: siap");
    assert_eq!(bus.notified(), [], "nothing has happened yet");

    // The operator is at another program, which has the focus and gets the key unless it is grabbed.
    let elsewhere = Elsewhere::open(&room);
    elsewhere.take_the_focus();
    press(&room, &["key", "F9"]);
    assert!(elsewhere.was_pressed(), "while nothing rings the key is the other program's");

    play.act("dial 082200001301");
    seat.is_said_to_be(&bus, "Panggilan 110 masuk");
    wait_on("a notification", &mut seat.program, |_| !bus.notified().is_empty());
    let (title, text) = bus.notified().remove(0);
    assert_eq!(title, "Panggilan 110 masuk");
    assert!(!text.contains(|c: char| c.is_ascii_digit()), "no number for whoever passes: {text}");
    assert!(elsewhere.has_the_focus(), "what is typed there goes on");
    press(&room, &["key", "F9"]);
    seat.is_said_to_be(&bus, "Siaga 110: sibuk");
    assert!(!elsewhere.was_pressed(), "the key that answered went nowhere else");
    press(&room, &["key", "F9"]);
    assert!(elsewhere.was_pressed(), "given back at once");
    play.act("is-there");

    // Somebody opens a link to a number: the window that is there is told, and none is opened.
    let mut second = Seat::command(&room, &play, &bus);
    second.arg("tel:+62-822-0000-1301");
    let mut second = room.start(second, "second");
    assert_eq!(second.ended_within(crate::JOURNEY), Some(true), "{}", second.said());
    wait_on("the first is told", &mut seat.program, |program| {
        program.said().contains("another program names a number")
    });
    assert!(!seat.program.said().contains("1301"), "no number is logged");
}

#[test]
fn a_link_without_a_desk_opens_nothing_and_says_so() {
    let name = "a_link_without_a_desk_opens_nothing_and_says_so";
    let Some(room) = driven_by_keys(name) else { return };
    let bus = Bus::start(&room);
    let mut command = room.command(env!("CARGO_BIN_EXE_siaga-desktop"));
    command.arg("tel:110").env("DBUS_SESSION_BUS_ADDRESS", &bus.address);
    let mut program = room.start(command, "desk");
    assert_eq!(program.ended_within(crate::JOURNEY), Some(false));
    assert!(program.said().contains("no desk of Siaga 110 runs"), "{}", program.said());
}

#[test]
fn the_window_opens_where_it_was_closed() {
    let name = "the_window_opens_where_it_was_closed";
    let Some(room) = driven_by_keys(name) else { return };
    let bus = Bus::start(&room);
    let play = Play::set(&room);
    let mut seat = Seat::open(&room, &play, &bus, "desk");
    let screen = Screen::of(&room);
    let find = |screen: &Screen| screen.window(TITLE).expect("the window is there");
    let before = screen.place(find(&screen));
    press(&room, &["search", "--onlyvisible", "--name", TITLE, "windowsize", "1300", "700"]);
    wait_on("another size", &mut seat.program, |_| {
        let now = screen.place(find(&screen));
        now != before && now == (1300, 700)
    });
    screen.close(find(&screen));
    assert_eq!(seat.program.ended_within(crate::JOURNEY), Some(true), "{}", seat.program.said());

    let mut seat = Seat::open(&room, &play, &bus, "desk-again");
    wait_on("the size that it had", &mut seat.program, |_| {
        screen.window(TITLE).is_some_and(|window| screen.place(window) == (1300, 700))
    });
}

#[test]
fn a_session_that_ends_closes_the_window_in_order() {
    let name = "a_session_that_ends_closes_the_window_in_order";
    let Some(room) = driven_by_keys(name) else { return };
    let bus = Bus::start(&room);
    let mut play = Play::set(&room);
    let screen = Screen::of(&room);
    for (signal, size) in [("TERM", (1300, 700)), ("HUP", (1310, 710)), ("INT", (1320, 720))] {
        let mut seat = Seat::open(&room, &play, &bus, signal);
        let window = || screen.window(TITLE).expect("the window is there");
        let (width, height) = (size.0.to_string(), size.1.to_string());
        press(&room, &["search", "--onlyvisible", "--name", TITLE, "windowsize", &width, &height]);
        wait_on("another size", &mut seat.program, |_| screen.place(window()) == size);
        seat.is_said_to_be(&bus, "Siaga 110: jeda");
        seat.program.is_told_to_end(signal);
        assert_eq!(
            seat.program.ended_within(crate::JOURNEY),
            Some(true),
            "{}",
            seat.program.said()
        );
        // The hub was told, and waits for nobody.
        play.act("left-seat");

        let mut seat = Seat::open(&room, &play, &bus, &format!("after-{signal}"));
        wait_on("the size that it had", &mut seat.program, |_| {
            screen.window(TITLE).is_some_and(|window| screen.place(window) == size)
        });
    }
}

/// The display, as a window manager sees it; there is none.
struct Screen {
    x: x11rb::rust_connection::RustConnection,
    root: XWindow,
}

impl Screen {
    fn of(room: &Room) -> Self {
        let (x, number) = x11rb::connect(Some(room.display())).expect("the display");
        let root = x.setup().roots[number].root;
        Self { x, root }
    }

    /// The mapped window with this title.
    fn window(&self, title: &str) -> Option<XWindow> {
        let children = self.x.query_tree(self.root).ok()?.reply().ok()?.children;
        children.into_iter().find(|window| {
            let shown = self.x.get_window_attributes(*window).ok().and_then(|c| c.reply().ok());
            let mapped = x11rb::protocol::xproto::MapState::VIEWABLE;
            shown.is_some_and(|shown| shown.map_state == mapped)
                && self.title(*window).as_deref() == Some(title)
        })
    }

    fn title(&self, window: XWindow) -> Option<String> {
        let (property, kind) = (self.atom("_NET_WM_NAME"), self.atom("UTF8_STRING"));
        let cookie = self.x.get_property(false, window, property, kind, 0, 64).ok()?;
        String::from_utf8(cookie.reply().ok()?.value).ok()
    }

    /// Its size.
    fn place(&self, window: XWindow) -> (u16, u16) {
        let cookie = self.x.get_geometry(window).expect("the display");
        cookie.reply().map_or((0, 0), |at| (at.width, at.height))
    }

    /// Closes it, as its cross does.
    fn close(&self, window: XWindow) {
        let (kind, what) = (self.atom("WM_PROTOCOLS"), self.atom("WM_DELETE_WINDOW"));
        let event = ClientMessageEvent::new(32, window, kind, [what, 0, 0, 0, 0]);
        self.x.send_event(false, window, EventMask::NO_EVENT, event).expect("the display");
        self.x.flush().expect("the display");
    }

    fn atom(&self, name: &str) -> u32 {
        let cookie = self.x.intern_atom(false, name.as_bytes()).expect("the display");
        cookie.reply().expect("an atom").atom
    }
}

/// Another program with a window, which sees the keys that it gets.
struct Elsewhere {
    screen: Screen,
    window: XWindow,
}

impl Elsewhere {
    fn open(room: &Room) -> Self {
        use x11rb::protocol::xproto::{CreateWindowAux, WindowClass};
        let screen = Screen::of(room);
        let window = screen.x.generate_id().expect("an id");
        let aux = CreateWindowAux::new().event_mask(EventMask::KEY_PRESS);
        let (x, root) = (&screen.x, screen.root);
        x.create_window(0, window, root, 1380, 0, 10, 10, 0, WindowClass::INPUT_ONLY, 0, &aux)
            .expect("the display");
        x.map_window(window).expect("the display");
        x.sync();
        Self { screen, window }
    }

    fn take_the_focus(&self) {
        use x11rb::protocol::xproto::InputFocus;
        let x = &self.screen.x;
        x.set_input_focus(InputFocus::PARENT, self.window, 0u32).expect("the display");
        x.sync();
    }

    fn has_the_focus(&self) -> bool {
        let focus = self.screen.x.get_input_focus().expect("the display").reply();
        focus.is_ok_and(|focus| focus.focus == self.window)
    }

    /// Whether a key came since it was last asked.
    fn was_pressed(&self) -> bool {
        // The reply comes after every event before it.
        self.screen.x.sync();
        let events = std::iter::from_fn(|| self.screen.x.poll_for_event().ok().flatten());
        events.filter(|event| matches!(event, x11rb::protocol::Event::KeyPress(_))).count() > 0
    }
}

trait Sync {
    fn sync(&self);
}

impl Sync for x11rb::rust_connection::RustConnection {
    /// Waits until the display has done everything that was asked of it.
    fn sync(&self) {
        self.get_input_focus().expect("the display").reply().expect("the display");
    }
}
