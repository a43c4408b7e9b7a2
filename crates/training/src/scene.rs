//! A scenario on stage: its people, seated and ready, and what is noted while they play.

use crate::apart::DeskProgram;
use crate::caller::{
    Caller, CallerConfig, CallerState, TrunkCallerConfig, TrunkLine, TrunkTelephone,
};
use crate::disk::SmallDisk;
use crate::house::House;
use crate::judge::POLRES_HZ;
use crate::network::Network;
use crate::operator::{Operator, PATIENCE};
use crate::pbx::Pbx;
use crate::report::Step;
use crate::run::{RunOptions, SwitchKind};
use crate::scenario::{Cast, DeskPlace, OUTSIDE, OUTSIDE_NUMBER, Part};
use crate::soak::hostile_plugins;
use crate::sound::{RATE, Speaker, read_voice, voice_of};
use crate::stage::{Extras, OPERATOR, POLDA, StageConfig, seat_of, seats};
use crate::telephone::{Registered, Telephone};
use crate::voices;
use anyhow::Context;
use siaga_hub_api::HandoverChoice;
use siaga_hub_store::Store;
use siaga_switch::Clock;
use siaga_testkit::{LinkModel, TcpRelay};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The number that the first simulated telephone shows; the others count up from it. Invented (a
/// block of zeros).
const NUMBER: u32 = 1_108;

/// People talk as long as their words take, but no longer than this.
const LONGEST_TALK: Duration = Duration::from_secs(12);

/// And no shorter: what is short is said again, should a busy machine have torn it.
const SHORTEST_TALK: Duration = Duration::from_secs(9);

/// How often everybody says it all before they give up being understood.
const MOST_REPETITIONS: usize = 4;

/// A fault that was inflicted.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) at: Instant,
    pub(crate) what: String,
}

/// What is noted during a play.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes {
    /// What simulated people did, for the journey.
    pub(crate) deeds: Vec<(Instant, Step)>,
    /// Moments from which something is measured; the first of each name.
    pub(crate) marks: BTreeMap<&'static str, Instant>,
    /// What was broken.
    pub(crate) faults: Vec<Fault>,
    /// What was found to be so, or not, by name of its field in the journey. All must be so.
    pub(crate) facts: BTreeMap<&'static str, bool>,
}

/// A scenario on stage.
pub(crate) struct Scene {
    /// Hub and switch.
    pub(crate) house: House,
    /// What everybody says, by who it is; `caller` for the first caller.
    pub(crate) voices: BTreeMap<&'static str, Arc<[i16]>>,
    options: RunOptions,
    clock: Clock,
    /// What can be cut or pulled, by whose desk it is.
    relays: BTreeMap<&'static str, TcpRelay>,
    networks: BTreeMap<&'static str, Network>,
    disk: Option<SmallDisk>,
    seats: Vec<(Part, Operator)>,
    callers: Mutex<Vec<Arc<Caller>>>,
    notes: Mutex<Notes>,
}

impl Scene {
    /// Sets the stage in `dir`; every operator is at a desk and ready.
    ///
    /// # Errors
    /// When something does not come up.
    pub(crate) async fn set(options: RunOptions, dir: &Path) -> anyhow::Result<Self> {
        let cast = options.scenario.story().cast();
        let voices = voices(&options, &cast)?;
        let (mut networks, mut relays) = (BTreeMap::new(), BTreeMap::new());
        for part in cast.seats.iter().filter(|part| part.desk == DeskPlace::BehindCable) {
            networks.insert(part.who, Network::lay()?);
        }
        let listen = networks.values().next().map_or(Ipv4Addr::LOCALHOST, Network::hub);
        let recordings = dir.join("recordings");
        let disk = if cast.small_disk { Some(SmallDisk::mount(&recordings)?) } else { None };
        let plugins = if cast.hostile_plugin {
            hostile_plugins(&options.plugins, &dir.join("plugins"))?.context(
                "no tests-hostile.wasm among the plugins: `cargo xtask plugins` builds it",
            )?
        } else {
            options.plugins.clone()
        };
        let config = StageConfig {
            dir: dir.to_owned(),
            plugins,
            flow: cast.flow,
            listen: SocketAddr::from((listen, 0)),
        };
        let pbx = match options.switch {
            SwitchKind::Embedded => None,
            SwitchKind::Asterisk => {
                let at = networks.values().next().map(Network::hub);
                std::fs::create_dir_all(dir)?;
                Some(Pbx::start(dir, at, &seats(), POLDA).await?)
            }
        };
        let house = if cast.house_apart {
            House::apart(options.program.clone(), config, pbx).await?
        } else {
            let sip_listen = Some(SocketAddr::from((listen, 0)));
            let link = link(&options).filter(|_| options.bad_desks);
            House::here(config, Extras { sip_listen, link, ..Extras::default() }, pbx).await?
        };
        for part in cast.seats.iter().filter(|part| part.desk == DeskPlace::BehindRelay) {
            relays.insert(part.who, TcpRelay::start(house.hub()).await?);
        }
        let (clock, callers, notes) = (Clock::start(), Mutex::default(), Mutex::default());
        let seats = Vec::with_capacity(cast.seats.len());
        let mut scene =
            Self { house, voices, options, clock, relays, networks, disk, seats, callers, notes };
        for part in cast.seats {
            let operator = scene.sit_down(&part, dir).await?;
            operator.be_ready().await?;
            scene.seats.push((part, operator));
        }
        Ok(scene)
    }

    /// Puts somebody at a desk.
    async fn sit_down(&self, part: &Part, dir: &Path) -> anyhow::Result<Operator> {
        let seat = seat_of(&part.unit.parse()?, part.number);
        let hub = self.relays.get(part.who).map_or(self.house.hub(), TcpRelay::address);
        let hub = format!("http://{hub}");
        let command = match part.desk {
            DeskPlace::Here | DeskPlace::BehindRelay => {
                let speaker = Speaker::new(self.voices[part.who].clone()).humming(part.hz);
                return self.house.seat(hub, seat, speaker).await;
            }
            DeskPlace::Apart => vec![self.options.program.to_string_lossy().into_owned()],
            DeskPlace::BehindCable => self.network(part.who)?.command(&self.options.program),
        };
        let voice = match self.options.voices.get(part.who) {
            Some(given) => given.clone(),
            None => {
                let file = dir.join(format!("voice-{}.wav", part.who));
                std::fs::write(&file, part.voice)?;
                file
            }
        };
        let program = DeskProgram {
            hub,
            operator: OPERATOR.to_owned(),
            password: self.house.password().clone(),
            data: self.house.desk_dir(&seat),
            voice: Some(voice),
            pilot: Some(part.hz),
            heard: dir.join(format!("heard-{}.raw", part.who)),
            network: part.desk == DeskPlace::BehindCable,
            seat,
        };
        Operator::sit_down_apart(command, program).await
    }

    /// What stands between this operator's desk and the hub.
    ///
    /// # Errors
    /// When nothing does.
    pub(crate) fn relay(&self, who: &str) -> anyhow::Result<&TcpRelay> {
        self.relays.get(who).with_context(|| format!("{who} is behind no relay"))
    }

    /// The network of this operator's desk.
    ///
    /// # Errors
    /// When it has none of its own.
    pub(crate) fn network(&self, who: &str) -> anyhow::Result<&Network> {
        self.networks.get(who).with_context(|| format!("{who} has no network"))
    }

    /// The disk of the recordings.
    ///
    /// # Errors
    /// When they have none of their own.
    pub(crate) fn disk(&self) -> anyhow::Result<&SmallDisk> {
        self.disk.as_ref().context("there is no small disk")
    }

    /// The operator of this name.
    ///
    /// # Panics
    /// When the cast has none.
    pub(crate) fn seat(&self, who: &str) -> &Operator {
        let found = self.seats.iter().find(|(part, _)| part.who == who);
        &found.expect("a story asks for people of its own cast").1
    }

    /// The name in the cast of somebody at a desk.
    ///
    /// # Panics
    /// When it is nobody of the cast.
    pub(crate) fn who(&self, operator: &Operator) -> &'static str {
        let found = self.seats.iter().find(|(_, one)| one.seat == operator.seat);
        found.expect("whoever acts in a story is in its cast").0.who
    }

    /// Everybody at a desk.
    pub(crate) fn seats(&self) -> impl Iterator<Item = (&'static str, &Operator)> {
        self.seats.iter().map(|(part, operator)| (part.who, operator))
    }

    /// A citizen dials 110 with the cast's voice. Each time another one, with another number.
    ///
    /// # Errors
    /// When the switch cannot be reached.
    pub(crate) async fn dial(&self) -> anyhow::Result<Arc<Caller>> {
        self.dial_as(Speaker::new(self.voices["caller"].clone()).on_a_noisy_line()).await
    }

    /// As [`Self::dial`], saying something else.
    ///
    /// # Errors
    /// When the switch cannot be reached.
    pub(crate) async fn dial_as(&self, speaker: Speaker) -> anyhow::Result<Arc<Caller>> {
        let number = NUMBER + u32::try_from(lock(&self.callers).len())?;
        self.dial_from(number, speaker).await
    }

    /// As [`Self::dial`], each time from the number of the first caller.
    ///
    /// # Errors
    /// When the switch cannot be reached.
    pub(crate) async fn dial_again(&self) -> anyhow::Result<Arc<Caller>> {
        let speaker = Speaker::new(self.voices["caller"].clone()).on_a_noisy_line();
        self.dial_from(NUMBER, speaker).await
    }

    /// A telephone that has the number of the first caller, and can be called.
    ///
    /// # Errors
    /// When hub and switch are a process of their own, or do not let it in.
    pub(crate) async fn telephone(&self) -> anyhow::Result<Telephone> {
        self.telephone_at(number(NUMBER)).await
    }

    /// The telephone of somebody outside, who hums as a Polres does.
    ///
    /// # Errors
    /// As [`Self::telephone`].
    pub(crate) async fn outside(&self) -> anyhow::Result<(Telephone, Speaker)> {
        let speaker = Speaker::new(self.voices[OUTSIDE].clone()).humming(POLRES_HZ);
        Ok((self.telephone_at(OUTSIDE_NUMBER.to_owned()).await?, speaker))
    }

    async fn telephone_at(&self, number: String) -> anyhow::Result<Telephone> {
        if let Some(line) = self.house.trunk() {
            let config = self.on_the_trunk(line, number, Speaker::new(Arc::from([])));
            return Ok(Telephone::Trunk(Box::new(TrunkTelephone::at(config).await?)));
        }
        let switch = self.house.switch().context("the switch is in another process")?;
        let telephone = Registered::at(switch, self.house.endpoint(), number).await?;
        Ok(Telephone::Registered(telephone))
    }

    async fn dial_from(&self, running: u32, speaker: Speaker) -> anyhow::Result<Arc<Caller>> {
        let number = number(running);
        let caller = match self.house.trunk() {
            None => {
                let (endpoint, link) = (self.house.endpoint(), link(&self.options));
                Caller::dial(CallerConfig { endpoint, number, speaker, link }).await?
            }
            Some(line) => Caller::dial_over_trunk(self.on_the_trunk(line, number, speaker)).await?,
        };
        let caller = Arc::new(caller);
        lock(&self.callers).push(caller.clone());
        Ok(caller)
    }

    fn on_the_trunk(&self, line: TrunkLine, number: String, speaker: Speaker) -> TrunkCallerConfig {
        let RunOptions { telephone: program, codec, .. } = self.options;
        let codec = codec.unwrap_or(program.codec());
        TrunkCallerConfig { line, number, speaker, program, codec, link: link(&self.options) }
    }

    /// All who have dialled, the first one first.
    pub(crate) fn callers(&self) -> Vec<Arc<Caller>> {
        lock(&self.callers).clone()
    }

    /// Waits until every line is ended; gives whether the first caller hung up.
    ///
    /// # Errors
    /// When nobody ends one of them.
    pub(crate) async fn lines_are_ended(&self) -> anyhow::Result<bool> {
        let mut first_hung_up = None;
        for caller in self.callers() {
            let ended = caller
                .wait_for(PATIENCE, |state| matches!(state, CallerState::Ended { .. }))
                .await
                .context("a caller's line was not ended")?;
            first_hung_up.get_or_insert(ended == CallerState::Ended { by_me: true });
        }
        first_hung_up.context("nobody has dialled")
    }

    /// What is to be heard during a transfer, if the run was told.
    pub(crate) fn handover(&self) -> Option<HandoverChoice> {
        self.options.handover
    }

    /// Time enough for everybody to say everything once.
    pub(crate) async fn talk(&self) {
        tokio::time::sleep_until(self.talk_until()).await;
    }

    /// Everybody says what they have to say, and says it again until it was understood: on a machine
    /// that stutters two voices at once may hide each other for a sentence.
    pub(crate) async fn talk_until_heard(&self, understood: impl Fn() -> bool) {
        for _ in 0..MOST_REPETITIONS {
            self.talk().await;
            // To recognise a voice takes a moment, in which all who talk in this process go on.
            if tokio::task::block_in_place(&understood) {
                return;
            }
        }
    }

    /// When everybody who talks from now on has said everything once, from wherever they are in it.
    pub(crate) fn talk_until(&self) -> tokio::time::Instant {
        let longest = self.voices.values().map(|voice| voice.len()).max().unwrap_or(0);
        let words = Duration::from_millis(longest as u64 * 1000 / u64::from(RATE));
        let once = words * 2 + Duration::from_millis(1_700);
        tokio::time::Instant::now() + once.clamp(SHORTEST_TALK, LONGEST_TALK)
    }

    /// Notes for the journey what somebody did just now. `step`: of the founding description, 1 to
    /// 11.
    pub(crate) fn deed(&self, step: u8, by: &Operator, event: &str) {
        let (by, event) = (by.seat.to_string(), event.to_owned());
        // Its time is reckoned when the journey is written.
        lock(&self.notes).deeds.push((Instant::now(), Step { step, at_ms: 0, by, event }));
    }

    /// Something is measured from now on. Only the first moment of a name counts.
    pub(crate) fn mark(&self, name: &'static str) {
        self.mark_at(name, Instant::now());
    }

    /// As [`Self::mark`], for a moment just past.
    pub(crate) fn mark_at(&self, name: &'static str, at: Instant) {
        lock(&self.notes).marks.entry(name).or_insert(at);
    }

    /// Something has just been broken, or mended; also marks `fault`, the first time.
    pub(crate) fn fault(&self, what: impl Into<String>) {
        let at = Instant::now();
        self.mark_at("fault", at);
        lock(&self.notes).faults.push(Fault { at, what: what.into() });
    }

    /// Something that must be so was looked at. `name` becomes a field of the journey; once not so
    /// stays not so.
    pub(crate) fn fact(&self, name: &'static str, holds: bool) {
        *lock(&self.notes).facts.entry(name).or_insert(true) &= holds;
    }

    /// What was noted so far.
    pub(crate) fn notes(&self) -> Notes {
        lock(&self.notes).clone()
    }

    /// This process's clock.
    pub(crate) fn clock(&self) -> Clock {
        self.clock
    }

    /// Everybody leaves their desks.
    pub(crate) async fn leave(&self) {
        for (_, operator) in &self.seats {
            operator.leave().await;
        }
    }

    /// Ends hub and switch; gives what they have stored, and the disk on which recordings lie.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) async fn close(self) -> anyhow::Result<(Arc<dyn Store>, Option<SmallDisk>)> {
        Ok((self.house.close().await?, self.disk))
    }
}

/// The network between everybody and the switch; none if it is perfect.
fn link(options: &RunOptions) -> Option<LinkModel> {
    let RunOptions { loss_percent, jitter_ms, .. } = *options;
    (loss_percent > 0.0 || jitter_ms > 0).then(|| LinkModel {
        loss_percent,
        jitter_ms,
        seed: 110,
        ..LinkModel::default()
    })
}

/// The number of a simulated telephone.
fn number(running: u32) -> String {
    format!("08220000{running}")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What everybody says: as the cast has it, or as the run was told.
fn voices(options: &RunOptions, cast: &Cast) -> anyhow::Result<BTreeMap<&'static str, Arc<[i16]>>> {
    let people = cast.seats.iter().map(|part| (part.who, part.voice));
    let outside = cast.outside.then_some((OUTSIDE, voices::POLRES));
    std::iter::once(("caller", cast.caller))
        .chain(people)
        .chain(outside)
        .map(|(who, own)| {
            let voice = match options.voices.get(who) {
                Some(given) => read_voice(given)?,
                None => voice_of(own)?,
            };
            Ok((who, voice))
        })
        .collect()
}
