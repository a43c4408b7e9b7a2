//! The sound cards and the voice task.

use super::{Engine, Report};
use crate::config::AudioChoice;
use crate::core::Input;
use crate::state::AudioHealth;
use crate::voice::VoiceCommand;
use siaga_audio_devices::{AudioDevices, AudioEvent, Events};
use std::time::Duration;
use tokio::sync::mpsc;

/// How often the thread that watches the sound cards looks whether the desk is still there.
const AUDIO_LOOK: Duration = Duration::from_secs(1);

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
            AudioChoice::Devices(selection) => {
                let (report, voice) = (self.report.clone(), self.voice.clone());
                // Opening may block for seconds, and the thread then watches the devices.
                tokio::task::spawn_blocking(move || match AudioDevices::open(&selection) {
                    Ok((capture, playback, events)) => {
                        let audio = VoiceCommand::Audio(Box::new(capture), Box::new(playback));
                        if voice.blocking_send(audio).is_ok() {
                            drop(voice);
                            watch_audio(&events, &report);
                        }
                    }
                    Err(error) => {
                        let health = AudioHealth::Trouble { code: error.code().to_owned() };
                        let _ = report.blocking_send(Report::Audio(health));
                    }
                });
            }
        }
    }
}

/// Tells what happens to the sound cards, until the desk has gone.
fn watch_audio(events: &Events, report: &mpsc::Sender<Report>) {
    while !report.is_closed() {
        let health = match events.next_within(AUDIO_LOOK) {
            Some(AudioEvent::Opened { input, output, .. }) => AudioHealth::Ok { input, output },
            Some(AudioEvent::Lost { error, .. } | AudioEvent::StillClosed { error }) => {
                AudioHealth::Trouble { code: error.code().to_owned() }
            }
            None => continue,
        };
        if report.blocking_send(Report::Audio(health)).is_err() {
            return;
        }
    }
}
