//! An Asterisk, the switch before it, and telephones.

use siaga_call_flow::{SwitchCommand, SwitchSaw};
use siaga_media::tone::{VoiceLike, test_voice};
use siaga_media::{FRAME_DURATION, MediaConfig, MediaSession};
use siaga_model::{CallFacts, CallId, LegId, Redacted, Seat, SeatId};
use siaga_sip::{DialogKey, UaEvent, UserAgent, UserAgentConfig};
use siaga_switch::{Clock, Switch, SwitchEvent};
use siaga_switch_asterisk::ari::{AriAccess, AriClient};
use siaga_switch_asterisk::provision::{Plan, files, install};
use siaga_switch_asterisk::{AsteriskConfig, AsteriskSwitch, names};
use siaga_testkit::TcpRelay;
use siaga_testkit::asterisk::{Asterisk, Place, root_or_skip};
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Anything may take so long on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// Where Debian keeps baresip's modules.
const MODULES: &str = "/usr/lib/baresip/modules";
const SECRET: &str = "a session's secret";
/// What MixMonitor writes at once: a second of 16 kHz, in bytes.
pub(crate) const BUFFER: u64 = 32 * 1024;

pub(crate) async fn soon<T>(what: &str, doing: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, doing).await.unwrap_or_else(|_| panic!("in vain: {what}"))
}

pub(crate) struct Room {
    pub(crate) switch: Arc<AsteriskSwitch>,
    pub(crate) events: mpsc::Receiver<SwitchEvent>,
    pub(crate) asterisk: Asterisk,
    /// Between the hub and Asterisk.
    pub(crate) link: TcpRelay,
    access: AriAccess,
    config: AsteriskConfig,
    phones: tempfile::TempDir,
    _folder: tempfile::TempDir,
}

impl Room {
    /// Skips the test where there is no Asterisk or no baresip.
    pub(crate) async fn open(test: &str) -> Option<Self> {
        let root = root_or_skip(test)?;
        if Command::new("baresip").arg("-h").output().await.is_err() {
            siaga_testkit::skip(test, "baresip is not installed");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let place = Place::new(folder.path()).unwrap();
        let plan = Plan::on_loopback(place.address, place.trunk, &place.folder);
        let seats: Vec<Seat> = ["pmj-1", "pmj-2"]
            .into_iter()
            .map(|id| Seat {
                id: id.parse().unwrap(),
                unit: "polda.pmj".parse().unwrap(),
                label: id.to_owned(),
            })
            .collect();
        install(&plan, &files(&plan, &seats), Path::new("/")).unwrap();
        let asterisk = Asterisk::start(&root, &place).await.unwrap();
        let password = std::fs::read_to_string(&*plan.ari.password_file).unwrap();
        let access = AriAccess {
            url: format!("http://{}/ari", plan.ari.listen).parse().unwrap(),
            user: plan.ari.user.as_str().to_owned(),
            password: Redacted::new(password.trim().to_owned()),
            app: names::APP.to_owned(),
        };
        let link = TcpRelay::start(plan.ari.listen).await.unwrap();
        let config = AsteriskConfig {
            ari_url: format!("http://{}/ari", link.address()).parse().unwrap(),
            user: access.user.clone(),
            password: access.password.clone(),
            app: access.app.clone(),
            ws_url: format!("ws://{}/ws", plan.ari.listen),
            domain: plan.pbx.domain.as_str().to_owned(),
            trunk: plan.trunks[0].name.as_str().to_owned(),
            recordings: plan.pbx.recordings.to_path_buf(),
            ears: "127.0.0.1:0".parse().unwrap(),
        };
        let (switch, events) = AsteriskSwitch::start(config.clone(), Clock::start()).await.unwrap();
        assert_eq!(soon("a survey", switch.survey()).await.unwrap(), []);
        let phones = tempfile::tempdir().unwrap();
        Some(Self { switch, events, asterisk, link, access, config, phones, _folder: folder })
    }

    /// Lets the hub's side die, as `kill -9` would, and starts another.
    pub(crate) async fn another_hub(&mut self) {
        let (switch, events) =
            AsteriskSwitch::start(self.config.clone(), Clock::start()).await.unwrap();
        self.switch = switch;
        self.events = events;
    }

    /// Asterisk itself, whatever is on the hub's link to it.
    pub(crate) fn ari(&self) -> AriClient {
        AriClient::new(self.access.clone()).unwrap()
    }

    /// The next event that `pick` takes; others are passed over.
    pub(crate) async fn next<T>(
        &mut self,
        what: &str,
        mut pick: impl FnMut(SwitchEvent) -> Option<T>,
    ) -> T {
        let mut passed = Vec::new();
        let found = tokio::time::timeout(PATIENCE, async {
            loop {
                let event = self.events.recv().await.expect("the switch lives");
                passed.push(format!("{event:?}"));
                if let Some(picked) = pick(event) {
                    return picked;
                }
            }
        })
        .await;
        found.unwrap_or_else(|_| {
            panic!("in vain: {what}; {passed:#?}; {}", self.asterisk.complaints().join("\n"))
        })
    }

    pub(crate) async fn saw(&mut self, wanted: SwitchSaw) {
        let what = format!("{wanted:?}");
        self.next(&what, |event| match event {
            SwitchEvent::Saw(saw) if saw == wanted => Some(()),
            _ => None,
        })
        .await;
    }

    pub(crate) async fn arrival(&mut self) -> (CallId, CallFacts) {
        self.next("a caller", |event| match event {
            SwitchEvent::Saw(SwitchSaw::CallerArrived { call, facts, .. }) => Some((call, facts)),
            _ => None,
        })
        .await
    }

    /// A citizen has dialled, and the first seat rings.
    pub(crate) async fn rung(&mut self, voice: &[i16]) -> Rung {
        let phone = self.seat("pmj-1").await;
        let caller = self.caller(voice);
        let (call, facts) = self.arrival().await;
        let seat = "pmj-1".parse().unwrap();
        self.does(SwitchCommand::Ring { leg: leg(call, 1), seat }).await;
        Rung { phone, caller, call, facts }
    }

    /// Waits until every file of the call is so long on the disk, in bytes.
    pub(crate) async fn recorded_on_disk(&self, bytes: u64) {
        let raw = self.config.recordings.join(names::RAW);
        let mut look = tokio::time::interval(Duration::from_millis(100));
        soon("a recording", async {
            loop {
                look.tick().await;
                let files = std::fs::read_dir(&raw).unwrap().map(|file| file.unwrap());
                let lengths: Vec<u64> = files.map(|file| file.metadata().unwrap().len()).collect();
                if lengths.len() > 1 && lengths.iter().all(|length| *length >= bytes) {
                    return;
                }
            }
        })
        .await;
    }

    pub(crate) async fn does(&self, command: SwitchCommand) {
        self.switch.execute(command).await.unwrap();
    }

    /// A citizen dials 110 on the trunk and says `voice` (16 kHz) again and again.
    pub(crate) fn caller(&self, voice: &[i16]) -> Child {
        let place = self.asterisk.place();
        let folder = self.phones.path();
        siaga_testkit::wav::write(folder.join("voice.wav"), voice, 16_000).unwrap();
        let mut config = format!(
            "sip_listen {}:5060\naudio_source aufile,{}\naudio_player aubridge,nil\n\
             audio_alert aubridge,nil\nausrc_srate 16000\nauplay_srate 16000\n\
             ausrc_channels 1\nauplay_channels 1\nmodule_path {MODULES}\n",
            place.trunk,
            folder.join("voice.wav").display(),
        );
        for module in ["opus", "g711", "aufile", "aubridge"] {
            config += &format!("module {module}.so\n");
        }
        config += "module_tmp account.so\nmodule_app menu.so\n";
        std::fs::write(folder.join("config"), config).unwrap();
        let account = format!("<sip:082200001109@{}>;regint=0;audio_codecs=pcma\n", place.trunk);
        std::fs::write(folder.join("accounts"), account).unwrap();
        std::fs::write(folder.join("contacts"), "").unwrap();
        Command::new("baresip")
            .arg("-f")
            .arg(folder)
            .args(["-e", &format!("/dial sip:110@{}", place.address), "-t", "120"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap()
    }

    /// A seat's telephone that has registered.
    pub(crate) async fn seat(&mut self, seat: &str) -> Phone {
        let id: SeatId = seat.parse().unwrap();
        let secret = Redacted::new(SECRET.to_owned());
        soon("an admission", self.switch.admit(&id, &secret)).await.unwrap();
        let endpoint = self.switch.endpoint();
        let (ua, events) = UserAgent::start(UserAgentConfig {
            ws_url: endpoint.ws_url.parse().unwrap(),
            tls_roots: None,
            user: seat.to_owned(),
            domain: endpoint.domain,
            secret: Some(secret),
            display_name: None,
            register: true,
            expires: Duration::from_secs(120),
            user_agent: "a test".to_owned(),
        })
        .unwrap();
        self.next("a registration", |event| match event {
            SwitchEvent::SeatRegistered(told) if told == id => Some(()),
            _ => None,
        })
        .await;
        Phone { ua, events }
    }
}

/// A call that rings at a seat.
pub(crate) struct Rung {
    pub(crate) phone: Phone,
    pub(crate) caller: Child,
    pub(crate) call: CallId,
    pub(crate) facts: CallFacts,
}

/// A seat's telephone.
pub(crate) struct Phone {
    pub(crate) ua: UserAgent,
    events: mpsc::Receiver<UaEvent>,
}

impl Phone {
    async fn next<T>(&mut self, what: &str, mut pick: impl FnMut(UaEvent) -> Option<T>) -> T {
        soon(what, async {
            loop {
                let event = self.events.recv().await.expect("the telephone lives");
                if let Some(picked) = pick(event) {
                    return picked;
                }
            }
        })
        .await
    }

    /// Waits for the ring.
    pub(crate) async fn rings(&mut self) -> (DialogKey, String) {
        self.next("a ring", |event| match event {
            UaEvent::Incoming(call) => Some((call.dialog, call.offer)),
            _ => None,
        })
        .await
    }

    /// Answers what rings; silent until told to speak.
    pub(crate) async fn answer(&mut self) -> Talk {
        let (dialog, offer) = self.rings().await;
        let (session, sdp) = MediaSession::answer(MediaConfig::loopback(), &offer).await.unwrap();
        self.ua.answer(dialog, &sdp).await.unwrap();
        Talk::start(session)
    }

    pub(crate) async fn is_ended(&mut self) {
        self.next("the end", |event| matches!(event, UaEvent::Ended { .. }).then_some(())).await;
    }
}

/// A conversation at a seat: speaks when told, and keeps what it hears.
pub(crate) struct Talk {
    heard: Arc<Mutex<Vec<i16>>>,
    mouth: Arc<Mutex<Option<VoiceLike>>>,
    task: JoinHandle<()>,
}

impl Talk {
    fn start(session: MediaSession) -> Self {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let mouth: Arc<Mutex<Option<VoiceLike>>> = Arc::default();
        let (ear, says) = (Arc::clone(&heard), Arc::clone(&mouth));
        let task = tokio::spawn(async move {
            let mut ticks = tokio::time::interval(FRAME_DURATION);
            loop {
                ticks.tick().await;
                let said = says.lock().unwrap().as_mut().map(VoiceLike::next_frame);
                session.send(&said.unwrap_or_default());
                ear.lock().unwrap().extend_from_slice(&session.pull(Instant::now()).0);
            }
        });
        Self { heard, mouth, task }
    }

    /// Speaks from now on.
    pub(crate) fn speak(&self, seed: u32) {
        *self.mouth.lock().unwrap() = Some(test_voice(seed));
    }

    /// Sends nothing from now on: the machine is gone.
    pub(crate) fn dies(&self) {
        self.task.abort();
    }

    /// Waits until this sound (16 kHz) is heard.
    pub(crate) async fn hears(&self, what: &str, sound: &[i16]) {
        let mut look = tokio::time::interval(Duration::from_millis(500));
        soon(what, async {
            loop {
                look.tick().await;
                let heard: Vec<i16> =
                    self.heard.lock().unwrap().iter().step_by(3).copied().collect();
                if siaga_testkit::correlate::find(sound, &heard, 16_000).is_found() {
                    return;
                }
            }
        })
        .await;
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(crate) fn leg(call: CallId, n: u16) -> LegId {
    LegId { call, n }
}
