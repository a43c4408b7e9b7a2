//! The sound cards and the voice task.

use super::look::hub_failed;
use super::{Engine, Report, tell};
use crate::config::AudioChoice;
use crate::core::Input;
use crate::state::{AudioHealth, DeskError, DeviceView};
use crate::voice::{VoiceCommand, VoiceNews};
use siaga_audio_devices::{AudioDevices, AudioEvent, Events, SAMPLE_RATE, Selection};
use std::io::Cursor;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;

/// How often the thread that watches the sound cards looks whether the desk is still there.
const AUDIO_LOOK: Duration = Duration::from_secs(1);

/// The sound cards that were chosen last. The voice task uses whatever was handed to it last, and an
/// older choice may take longer to open.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    newest: AtomicU64,
    handing: Mutex<()>,
}

impl Chosen {
    /// Waits for nobody.
    fn are(&self, cards: u64) {
        self.newest.store(cards, Ordering::SeqCst);
    }

    /// Hands these over, after those that are being handed over; `None` when others were chosen
    /// meanwhile.
    fn hand_over<T>(&self, cards: u64, hand: impl FnOnce() -> T) -> Option<T> {
        let _turn = self.handing.lock().unwrap_or_else(PoisonError::into_inner);
        (self.newest.load(Ordering::SeqCst) == cards).then(hand)
    }
}

impl Engine {
    pub(super) async fn tell_voice(&self, command: VoiceCommand) {
        // The voice task lives as long as its sender.
        let _ = self.voice.send(command).await;
    }

    pub(super) async fn open_audio(&mut self, choice: AudioChoice) {
        match choice {
            AudioChoice::Given { input, output, name } => {
                self.tell_voice(VoiceCommand::Audio(input, output)).await;
                let health = AudioHealth::Ok { input: name.clone(), output: name };
                self.give(Input::Audio(health)).await;
            }
            AudioChoice::Devices(selection) => self.open_cards(selection),
        }
    }

    fn open_cards(&mut self, selection: Selection) {
        self.cards += 1;
        let cards = self.cards;
        let (report, voice) = (self.report.clone(), self.voice.clone());
        self.chosen.are(cards);
        let chosen = Arc::clone(&self.chosen);
        // Opening may block for seconds, and the thread then watches the devices.
        tokio::task::spawn_blocking(move || match AudioDevices::open(&selection) {
            Ok((capture, playback, events)) => {
                let audio = VoiceCommand::Audio(Box::new(capture), Box::new(playback));
                let handed = chosen.hand_over(cards, || voice.blocking_send(audio).is_ok());
                drop(voice);
                if handed == Some(true) {
                    watch_audio(cards, &events, &report);
                }
            }
            Err(error) => {
                let health = AudioHealth::Trouble { code: error.code().to_owned() };
                let _ = report.blocking_send(Report::Audio { cards, health });
            }
        });
    }

    /// Uses other sound cards. The old ones are closed when the voice task lets them go.
    pub(super) fn change_audio(&mut self, input: Option<String>, output: Option<String>) {
        if self.has_cards {
            let selection = Selection { input, output, ..Selection::default() };
            self.open_cards(selection);
        }
    }

    pub(super) fn list_devices(&self) {
        let report = self.report.clone();
        tokio::task::spawn_blocking(move || {
            let devices = AudioDevices::list().unwrap_or_default().into_iter();
            let devices = devices.map(|device| DeviceView {
                name: device.name,
                id: device.id,
                input: device.input,
                output: device.output,
                default: device.default,
            });
            let _ = report.blocking_send(Report::Devices(devices.collect()));
        });
    }

    pub(super) async fn on_voice(&mut self, news: VoiceNews) {
        let ms = |samples: usize| samples as u64 * 1_000 / u64::from(SAMPLE_RATE);
        let input = match news {
            VoiceNews::Tested(dbfs) => Input::MicrophoneTested(dbfs),
            VoiceNews::Played { at, of } => Input::Played { at_ms: ms(at), ms: ms(of) },
        };
        self.give(input).await;
    }

    /// Fetches a recording and decodes it, both sides mixed into one ear's worth.
    pub(super) async fn fetch_recording(&mut self, sha256: String, from_ms: u64) {
        self.tell_voice(VoiceCommand::StopPlaying).await;
        let Some(client) = self.client.clone() else { return };
        self.playing = Some(sha256.clone());
        let report = self.report.clone();
        tokio::spawn(async move {
            let samples = match client.audio(&sha256).await {
                Ok(bytes) => tokio::task::spawn_blocking(move || mixed(bytes))
                    .await
                    .unwrap_or_else(|error| Err(unplayable(&error))),
                Err(error) => Err(hub_failed(error)),
            };
            tell(&report, Report::Fetched { sha256, from_ms, samples }).await;
        });
    }

    pub(super) async fn on_fetched(
        &mut self,
        sha256: String,
        from_ms: u64,
        samples: Result<Arc<[i16]>, DeskError>,
    ) {
        // Stopped, or another one was asked for meanwhile.
        if self.playing.as_ref() != Some(&sha256) {
            return;
        }
        match samples {
            Ok(samples) => {
                let from = from_ms * u64::from(SAMPLE_RATE) / 1_000;
                let from = usize::try_from(from).unwrap_or(usize::MAX);
                self.tell_voice(VoiceCommand::Play { samples, from }).await;
            }
            Err(error) => self.give(Input::PlayFailed { sha256, error }).await,
        }
    }
}

fn mixed(bytes: Vec<u8>) -> Result<Arc<[i16]>, DeskError> {
    let name = Path::new("the recording");
    let (left, right) = siaga_recording::decode_from(Cursor::new(bytes), name)
        .map_err(|error| unplayable(&error))?;
    Ok(left.iter().zip(&right).map(|(left, right)| left.saturating_add(*right)).collect())
}

fn unplayable(error: &dyn std::fmt::Display) -> DeskError {
    DeskError::Phone { detail: format!("the recording cannot be played: {error}") }
}

/// Tells what happens to the sound cards, until the desk has gone.
fn watch_audio(cards: u64, events: &Events, report: &mpsc::Sender<Report>) {
    while !report.is_closed() {
        let health = match events.next_within(AUDIO_LOOK) {
            Some(AudioEvent::Opened { input, output, .. }) => AudioHealth::Ok { input, output },
            Some(AudioEvent::Lost { error, .. } | AudioEvent::StillClosed { error }) => {
                AudioHealth::Trouble { code: error.code().to_owned() }
            }
            None => continue,
        };
        if report.blocking_send(Report::Audio { cards, health }).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_that_are_slow_to_open_do_not_replace_those_chosen_after_them() {
        let (chosen, mut in_use) = (Chosen::default(), Vec::new());
        chosen.are(1);
        chosen.are(2);
        assert_eq!(chosen.hand_over(2, || in_use.push(2)), Some(()));
        assert_eq!(chosen.hand_over(1, || in_use.push(1)), None, "it took until now to open them");
        assert_eq!(in_use, [2]);
    }
}
