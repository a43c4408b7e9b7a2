//! Devices, their test, the ring, and recordings that are played. A call goes before all of it.

use super::{Core, Effect, Phone};
use crate::journal::Record;
use crate::settings::Settings;
use crate::shelf::Playing;
use crate::state::{DeskError, SoundTest};

/// A microphone that is at least this loud has heard a voice, dBFS.
const VOICE_DBFS: f32 = -45.0;

/// How it rings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ring {
    /// The device; `None`: the system's.
    pub(crate) device: Option<String>,
    /// At most so loud, in percent.
    pub(crate) volume: u8,
}

impl Core {
    pub(super) fn restore_settings(&mut self, settings: Settings, mended: Vec<String>) {
        let devices = (settings.input.clone(), settings.output.clone());
        self.state.settings = settings;
        self.state.settings_mended = mended;
        if devices != (None, None) {
            self.give(Effect::OpenAudio { input: devices.0, output: devices.1 });
        }
    }

    pub(super) fn change_settings(&mut self, mut settings: Settings) {
        self.state.settings_mended = settings.mend();
        let before = std::mem::replace(&mut self.state.settings, settings.clone());
        if (&before.input, &before.output) != (&settings.input, &settings.output) {
            let (input, output) = (settings.input.clone(), settings.output.clone());
            self.give(Effect::OpenAudio { input, output });
        }
        self.give(Effect::Keep(Record::Settings(Box::new(settings))));
    }

    /// Whether the headset is free for something else than a call.
    fn headset_is_free(&self) -> bool {
        self.phone == Phone::Idle && self.rejoin.is_none()
    }

    pub(super) fn test_sound(&mut self, on: bool) {
        if on && !self.headset_is_free() {
            return self.complain(DeskError::NotNow);
        }
        if on {
            self.stop_playing();
        }
        if on != self.state.sound_test.is_some() {
            self.state.sound_test =
                on.then_some(SoundTest { mic_dbfs: crate::state::NOT_HEARD_DBFS, voice: false });
            self.give(Effect::TestSound(on));
        }
    }

    pub(super) fn microphone_tested(&mut self, mic_dbfs: f32) {
        let now = self.state.now;
        let Some(test) = &mut self.state.sound_test else { return };
        test.mic_dbfs = mic_dbfs;
        if mic_dbfs >= VOICE_DBFS {
            test.voice = true;
            self.state.sound_tested_at = Some(now);
        }
    }

    pub(super) fn play(&mut self, sha256: String, from_ms: u64) {
        if !self.headset_is_free() || self.state.session.is_none() {
            return self.complain(DeskError::NotNow);
        }
        self.test_sound(false);
        self.state.playing = Some(Playing { sha256: sha256.clone(), at_ms: from_ms, ms: 0 });
        self.give(Effect::Play { sha256, from_ms });
    }

    pub(super) fn stop_playing(&mut self) {
        if self.state.playing.take().is_some() {
            self.give(Effect::StopPlaying);
        }
    }

    /// How far a recording has come. What was stopped meanwhile stays stopped.
    pub(super) fn on_played(&mut self, at_ms: u64, ms: u64) {
        let Some(playing) = &mut self.state.playing else { return };
        (playing.at_ms, playing.ms) = (at_ms, ms);
        if at_ms >= ms {
            self.state.playing = None;
        }
    }

    pub(super) fn on_play_failed(&mut self, sha256: &str, error: DeskError) {
        if self.state.playing.as_ref().is_some_and(|playing| playing.sha256 == sha256) {
            self.state.playing = None;
            self.complain(error);
        }
    }

    /// Rings while a call rings here, and gives the headset to it.
    pub(super) fn ring_or_hush(&mut self) {
        let rings = match self.phone {
            Phone::Ringing { answered, .. } => !answered,
            Phone::Idle | Phone::Connecting { .. } | Phone::Connected { .. } => false,
        };
        if rings {
            self.stop_playing();
            self.test_sound(false);
        }
        if std::mem::replace(&mut self.rings, rings) != rings {
            let settings = &self.state.settings;
            let ring = Ring {
                device: settings.ring.clone().or_else(|| settings.output.clone()),
                volume: settings.ring_volume,
            };
            self.give(Effect::RingTone(rings.then_some(ring)));
        }
    }
}
