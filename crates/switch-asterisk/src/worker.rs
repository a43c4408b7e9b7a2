//! Does what the core wants of Asterisk: the requests of a call one after the other, each again when
//! it may pass. It decides nothing but whether to ask once more.

use crate::ari::{AriClient, AriError};
use crate::core::{Input, ListenFor, Request};
use crate::ears::Ears;
use crate::names;
use crate::provision::WITHOUT_HUB_CONTEXT;
use siaga_call_flow::{Program, Prompt};
use siaga_model::{CallId, LegId};
use std::time::Duration;
use tokio::sync::mpsc;

/// Requests of one call that may wait: a call makes a handful in a second. When it is full, Asterisk
/// hangs, and what was wanted is made up for when the connection has come back.
pub(crate) const REQUESTS: usize = 256;
/// Pauses before a request is made again.
const AGAIN_AFTER: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(400)];

/// The task of one call.
pub(crate) struct Worker {
    pub(crate) client: AriClient,
    pub(crate) ears: Ears,
    pub(crate) requests: mpsc::Receiver<Request>,
    pub(crate) inputs: mpsc::Sender<Input>,
}

impl Worker {
    /// Runs until nothing more can be asked for.
    pub(crate) async fn run(mut self) {
        while let Some(request) = self.requests.recv().await {
            self.perform(request).await;
        }
    }

    async fn perform(&self, request: Request) {
        let client = &self.client;
        match request {
            Request::OpenBridge(call) => {
                let bridge = call.to_string();
                again(|| client.create_bridge(&bridge)).await;
            }
            Request::CloseBridge(call) => {
                let bridge = call.to_string();
                again(|| client.destroy_bridge(&bridge)).await;
            }
            Request::Originate { leg, how } => {
                if let Err(error) = client.originate(&how).await {
                    tracing::info!(%leg, %error, "a leg could not be rung");
                    let nobody = matches!(error, AriError::Refused { .. });
                    if error.may_pass() && !nobody {
                        // It may have been made all the same.
                        again(|| client.hang_up(&how.channel_id, "normal")).await;
                    }
                    self.tell(Input::NotRung { leg, nobody }).await;
                }
            }
            Request::HangUp { leg, channel } => self.hang_up(leg, &channel).await,
            Request::Drop { channel, .. } => {
                again(|| client.hang_up(&channel, "normal")).await;
            }
            Request::Leave { channel, .. } => {
                again(|| client.continue_in(&channel, WITHOUT_HUB_CONTEXT, "s")).await;
            }
            Request::Add { call, channel } => {
                let bridge = call.to_string();
                again(|| client.stop_silence(&channel)).await;
                again(|| client.add_channel(&bridge, &channel)).await;
            }
            Request::Remove { call, channel } => {
                let bridge = call.to_string();
                again(|| client.remove_channel(&bridge, &channel)).await;
                again(|| client.send_silence(&channel)).await;
            }
            Request::Silence { channel, .. } => {
                again(|| client.send_silence(&channel)).await;
            }
            Request::Play { call, from, to, caller } => {
                self.play(call, from, to, caller.as_deref()).await;
            }
            Request::Details { leg, channel } => self.details(leg, &channel).await,
            Request::Record { channel, .. } => {
                again(|| client.continue_in(&channel, names::RECORD_CONTEXT, "s")).await;
            }
            Request::Listen { leg, channel, what } => {
                let ear = self.ears.expect(leg, what);
                let args = format!("{},{leg},{ear}", names::EAR_ARG);
                let snoop = format!("ear-{ear}");
                let listening = client.snoop(&channel, &snoop, &args).await;
                if let Err(error) = listening {
                    // A leg that is gone already needs no ear.
                    tracing::debug!(%leg, %error, "no ear");
                    self.ears.forget(leg, what);
                }
            }
            Request::Deaf { leg, what } => self.ears.forget(leg, what),
            Request::Connect { channel, ear, .. } => {
                let host = self.ears.address().to_string();
                again(|| client.set_variable(&channel, names::EAR_VARIABLE, &ear)).await;
                again(|| client.set_variable(&channel, names::EAR_HOST_VARIABLE, &host)).await;
                again(|| client.continue_in(&channel, names::EAR_CONTEXT, "s")).await;
            }
        }
    }

    async fn hang_up(&self, leg: LegId, channel: &str) {
        self.ears.forget(leg, ListenFor::Speech);
        // When we end a leg, Asterisk leaves no figures behind.
        if let Ok(figures) = self.client.rtp_statistics(channel).await {
            self.tell(Input::Figures { leg, figures }).await;
        }
        match self.client.hang_up(channel, "normal").await {
            Ok(()) => {}
            Err(error) if error.is_gone() => self.tell(Input::NotThere(leg)).await,
            Err(error) => {
                tracing::warn!(%leg, %error, "a leg could not be ended at once");
                again(|| self.client.hang_up(channel, "normal")).await;
            }
        }
    }

    async fn play(&self, call: CallId, from: Program, to: Program, caller: Option<&str>) {
        let bridge = call.to_string();
        let speech = format!("{call}-prompt");
        let client = &self.client;
        match (sound_of(from), sound_of(to)) {
            // Another class on the same player: nobody hears a gap.
            (Sound::Class(_), Sound::Class(class)) | (Sound::Nothing, Sound::Class(class)) => {
                again(|| client.start_music(&bridge, class)).await;
            }
            (Sound::Once(_), Sound::Class(class)) => {
                again(|| client.start_music(&bridge, class)).await;
                again(|| client.stop_playback(&speech)).await;
            }
            (Sound::Class(_), Sound::Once(sound)) => {
                again(|| client.stop_music(&bridge)).await;
                again(|| client.play(&bridge, sound, &speech)).await;
            }
            (Sound::Class(_), Sound::Nothing) => {
                again(|| client.stop_music(&bridge)).await;
            }
            (Sound::Once(_), Sound::Nothing) => {
                again(|| client.stop_playback(&speech)).await;
            }
            (Sound::Nothing | Sound::Once(_), Sound::Once(sound)) => {
                again(|| client.play(&bridge, sound, &speech)).await;
            }
            (Sound::Nothing, Sound::Nothing) => {}
        }
        if let Some(channel) = caller {
            let name = playing_name(to);
            again(|| client.set_variable(channel, names::PLAYING_VARIABLE, name)).await;
        }
    }

    /// What a leg's report says beside its figures. Not knowing it costs nothing.
    async fn details(&self, leg: LegId, channel: &str) {
        let ask = async |name: &str| {
            self.client.variable(channel, name).await.ok().flatten().unwrap_or_default()
        };
        let formats = ask("CHANNEL(audionativeformat)").await;
        let codec = formats.trim_matches(['(', ')']).split('|').next().unwrap_or_default();
        // Of whoever calls the dialplan has it, of whoever is called the answer.
        let mut user_agent = ask(names::UA_VARIABLE).await;
        if user_agent.is_empty() {
            user_agent = ask(names::CALLED_UA).await;
        }
        self.tell(Input::Details { leg, codec: codec.to_owned(), user_agent }).await;
    }

    async fn tell(&self, input: Input) {
        // When the switch is gone nobody needs it.
        let _ = self.inputs.send(input).await;
    }
}

/// How a program sounds at Asterisk.
enum Sound {
    Nothing,
    /// A class of music: over and over.
    Class(&'static str),
    /// A sound: once.
    Once(&'static str),
}

fn sound_of(program: Program) -> Sound {
    match program {
        Program::Quiet => Sound::Nothing,
        Program::Music => Sound::Class(names::MUSIC),
        Program::SoftRingback => Sound::Class(names::RINGBACK),
        Program::Prompt(Prompt::PleaseWait) => Sound::Class(names::PLEASE_WAIT),
        Program::Prompt(Prompt::SilenceCheck) => Sound::Once(names::SILENCE_CHECK),
    }
}

/// A program's name in [`names::PLAYING_VARIABLE`].
pub(crate) fn playing_name(program: Program) -> &'static str {
    match program {
        Program::Quiet => "quiet",
        Program::Music => "music",
        Program::SoftRingback => "soft-ringback",
        Program::Prompt(Prompt::PleaseWait) => "please-wait",
        Program::Prompt(Prompt::SilenceCheck) => "silence-check",
    }
}

/// The program of that name.
pub(crate) fn playing_of(name: &str) -> Option<Program> {
    [
        Program::Quiet,
        Program::Music,
        Program::SoftRingback,
        Program::Prompt(Prompt::PleaseWait),
        Program::Prompt(Prompt::SilenceCheck),
    ]
    .into_iter()
    .find(|program| playing_name(*program) == name)
}

/// Asks until it worked, what it was about is gone, or asking makes no sense.
async fn again<F>(mut ask: impl FnMut() -> F)
where
    F: Future<Output = Result<(), AriError>>,
{
    let mut pauses = AGAIN_AFTER.into_iter();
    loop {
        let Err(error) = ask().await else { return };
        if error.is_gone() {
            tracing::debug!(%error, "too late");
            return;
        }
        match pauses.next() {
            Some(pause) if error.may_pass() => tokio::time::sleep(pause).await,
            Some(_) | None => {
                tracing::warn!(%error, "Asterisk did not do what was wanted");
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_played_is_found_again_by_its_name() {
        for program in [
            Program::Quiet,
            Program::Music,
            Program::SoftRingback,
            Program::Prompt(Prompt::PleaseWait),
            Program::Prompt(Prompt::SilenceCheck),
        ] {
            assert_eq!(playing_of(playing_name(program)), Some(program));
        }
        assert_eq!(playing_of(""), None);
    }
}
