//! What a person has set at this computer.
//!
//! Read leniently, field by field: a value that makes no sense is the default again and is named, so
//! that one bad word never takes the headset away.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The language of the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Language {
    /// Indonesian.
    #[default]
    Id,
    /// English.
    En,
}

/// The colours of the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Theme {
    /// As the system has it.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// The key that answers, also while another program has the focus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum AnswerKey {
    /// F9.
    #[default]
    F9,
    /// Pause.
    Pause,
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Settings {
    /// Microphone, by name or id; `None`: the system's.
    pub input: Option<String>,
    /// Loudspeaker of the headset; `None`: the system's.
    pub output: Option<String>,
    /// Where it rings; `None`: where one hears.
    pub ring: Option<String>,
    /// How loud it rings at most, 0 to 100 percent.
    pub ring_volume: u8,
    /// The key that answers.
    pub answer_key: AnswerKey,
    /// The language.
    pub language: Language,
    /// The colours.
    pub theme: Theme,
    /// The size of everything, 100 to 200 percent.
    pub scale: u16,
    /// Whether the program starts with the computer.
    pub autostart: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            input: None,
            output: None,
            ring: None,
            ring_volume: 80,
            answer_key: AnswerKey::default(),
            language: Language::default(),
            theme: Theme::default(),
            scale: 100,
            autostart: false,
        }
    }
}

/// Longest name of a device, in characters.
const NAME: usize = 500;

impl Settings {
    /// From what is on the disk, and the names of the fields that made no sense.
    pub(crate) fn read(text: &str) -> (Self, Vec<String>) {
        let mut bad = Vec::new();
        let Ok(Value::Object(mut fields)) = serde_json::from_str(text) else {
            return (Self::default(), vec!["settings".to_owned()]);
        };
        let mut settings = Self::default();
        let bad_fields = &mut bad;
        macro_rules! take {
            ($($field:ident),*) => {
                $(if let Some(value) = fields.remove(stringify!($field)) {
                    match field(value) {
                        Some(value) => settings.$field = value,
                        None => bad_fields.push(stringify!($field).to_owned()),
                    }
                })*
            };
        }
        take!(input, output, ring, ring_volume, answer_key, language, theme, scale, autostart);
        bad.extend(settings.mend());
        (settings, bad)
    }

    /// Puts what is out of its range back to its default; gives the names of what was.
    pub(crate) fn mend(&mut self) -> Vec<String> {
        let (mut bad, default) = (Vec::new(), Self::default());
        if self.ring_volume > 100 {
            self.ring_volume = default.ring_volume;
            bad.push("ring_volume".to_owned());
        }
        if !(100..=200).contains(&self.scale) {
            self.scale = default.scale;
            bad.push("scale".to_owned());
        }
        for (name, device) in
            [("input", &mut self.input), ("output", &mut self.output), ("ring", &mut self.ring)]
        {
            let makes_sense =
                |name: &String| !name.trim().is_empty() && name.chars().count() <= NAME;
            if device.as_ref().is_some_and(|name| !makes_sense(name)) {
                *device = None;
                bad.push(name.to_owned());
            }
        }
        bad
    }
}

fn field<T: DeserializeOwned>(value: Value) -> Option<T> {
    serde_json::from_value(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_survive_the_disk() {
        let settings = Settings {
            ring: Some("Pelantang".to_owned()),
            answer_key: AnswerKey::Pause,
            scale: 150,
            ..Settings::default()
        };
        let text = serde_json::to_string(&settings).expect("JSON");
        assert_eq!(Settings::read(&text), (settings, Vec::new()));
    }

    #[test]
    fn a_bad_value_falls_back_alone_and_is_named() {
        let text = r#"{"theme": "pink", "scale": 900, "ring_volume": -3, "language": "en",
            "input": " ", "future": 1}"#;
        let (settings, bad) = Settings::read(text);
        assert_eq!(settings, Settings { language: Language::En, ..Settings::default() });
        assert_eq!(bad, ["ring_volume", "theme", "scale", "input"]);
    }

    #[test]
    fn what_is_no_settings_at_all_is_the_default() {
        for text in ["", "[]", "nonsense", "null"] {
            assert_eq!(Settings::read(text), (Settings::default(), vec!["settings".to_owned()]));
        }
        assert_eq!(Settings::read("{}"), (Settings::default(), Vec::new()));
    }
}
