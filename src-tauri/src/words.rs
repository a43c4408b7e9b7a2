//! What is read outside the window: tray and notifications. The window's own texts are in its
//! catalogue, `ui/src/lib/messages.ts`.

use siaga_desk::Language;

/// What a seat looks like from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seat {
    /// Nobody sits here.
    Nobody,
    /// Cut off from the hub or the switch.
    Cut,
    /// Wants no calls.
    Paused,
    /// Waits for a call.
    Ready,
    /// In a call, or writing it up.
    Busy,
    /// A call rings.
    Rings,
}

pub(crate) fn seat(language: Language, seat: Seat) -> &'static str {
    match (language, seat) {
        (Language::Id, Seat::Nobody) => "Siaga 110: belum masuk",
        (Language::Id, Seat::Cut) => "Siaga 110: tidak terhubung",
        (Language::Id, Seat::Paused) => "Siaga 110: jeda",
        (Language::Id, Seat::Ready) => "Siaga 110: siap",
        (Language::Id, Seat::Busy) => "Siaga 110: sibuk",
        (Language::Id, Seat::Rings) => "Panggilan 110 masuk",
        (Language::En, Seat::Nobody) => "Siaga 110: not logged in",
        (Language::En, Seat::Cut) => "Siaga 110: not connected",
        (Language::En, Seat::Paused) => "Siaga 110: paused",
        (Language::En, Seat::Ready) => "Siaga 110: ready",
        (Language::En, Seat::Busy) => "Siaga 110: busy",
        (Language::En, Seat::Rings) => "A 110 call is coming in",
    }
}

/// What opens the window.
pub(crate) fn open(language: Language) -> &'static str {
    match language {
        Language::Id => "Buka jendela",
        Language::En => "Open the window",
    }
}
