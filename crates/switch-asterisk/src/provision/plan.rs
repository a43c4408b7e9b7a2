//! What a Polda decides about its PBX, read from a TOML file.

use serde::Deserialize;
use siaga_model::UnitId;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

/// The plan of a PBX.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The machine.
    pub pbx: Pbx,
    /// Asterisk's REST interface.
    pub ari: Ari,
    /// SIP over TLS WebSocket for desks; without it only what reaches ARI's plain port can register.
    pub wss: Option<Wss>,
    /// Ports of voice.
    pub rtp: Rtp,
    /// The desks.
    pub seats: Seats,
    /// Where 110 comes from.
    #[serde(rename = "trunk")]
    pub trunks: Vec<Trunk>,
    /// What a caller hears before a human answers.
    #[serde(default)]
    pub before_human: BeforeHuman,
    /// Where Asterisk keeps what.
    #[serde(default)]
    pub paths: Paths,
}

/// The machine.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pbx {
    /// An address of this machine which desks and trunks reach: SIP of the trunks and all voice are
    /// bound to it.
    pub address: IpAddr,
    /// UDP port of SIP for trunks.
    #[serde(default = "sip_port")]
    pub sip_port: u16,
    /// Domain of SIP addresses.
    #[serde(default = "domain")]
    pub domain: Name,
    /// The folder of recordings, for Asterisk and hub alike; raw ones lie in `raw` inside.
    pub recordings: AbsolutePath,
}

/// Asterisk's REST interface.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ari {
    /// Where it listens, without TLS: for a hub on the same machine.
    #[serde(default = "ari_listen")]
    pub listen: SocketAddr,
    /// The name of the hub.
    #[serde(default = "ari_user")]
    pub user: Name,
    /// The file that holds the password, made with mode 600 if missing.
    pub password_file: AbsolutePath,
}

/// SIP over TLS WebSocket.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wss {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The certificate and its chain, PEM.
    pub certificate: AbsolutePath,
    /// Its key, PEM.
    pub key: AbsolutePath,
}

/// Ports of voice, `from` to `to`; two a leg.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "RawRtp")]
pub struct Rtp {
    /// The first port.
    pub from: u16,
    /// The last port.
    pub to: u16,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRtp {
    from: u16,
    to: u16,
}

impl TryFrom<RawRtp> for Rtp {
    type Error = String;

    fn try_from(RawRtp { from, to }: RawRtp) -> Result<Self, String> {
        if from < 1_024 || to < from || to - from < 19 {
            return Err(format!(
                "ports {from} to {to} are no range for voice: 20 or more, from 1024 on"
            ));
        }
        Ok(Self { from, to })
    }
}

/// The desks: the hub's own table of seats.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seats {
    /// The CSV file that the hub is given as `--seats`; relative to the plan.
    pub file: PathBuf,
    /// The units whose seats the PBX rings while there is no hub.
    pub without_hub: Vec<UnitId>,
}

/// Where 110 comes from: a provider, known by its address.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trunk {
    /// Its name on this PBX, e.g. `telkom`.
    pub name: Name,
    /// The provider's address; calls from elsewhere are not the provider's.
    pub host: IpAddr,
    /// The provider's SIP port.
    #[serde(default = "sip_port")]
    pub port: u16,
    /// Codecs, best first.
    pub codecs: Vec<Codec>,
    /// What its P-Asserted-Identity is worth (RFC 3325).
    pub asserted_identity: AssertedIdentity,
    /// The numbers by which the provider calls us.
    #[serde(default = "numbers")]
    pub numbers: Vec<Number>,
    /// Seconds between two OPTIONS that ask whether it is there; 0: never.
    #[serde(default = "qualify")]
    pub qualify_seconds: u16,
}

/// What a trunk's P-Asserted-Identity is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AssertedIdentity {
    /// The provider vouches for it by contract.
    Trusted,
    /// It is shown as the caller's own claim.
    Claimed,
}

/// A codec of voice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Codec {
    /// Opus.
    Opus,
    /// G.722.
    G722,
    /// G.711 A-law (PCMA), what most providers in Indonesia send.
    Alaw,
    /// G.711 µ-law (PCMU).
    Ulaw,
}

impl Codec {
    /// As Asterisk calls it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Opus => "opus",
            Self::G722 => "g722",
            Self::Alaw => "alaw",
            Self::Ulaw => "ulaw",
        }
    }
}

/// What a caller hears before a human answers; everything is off by default, since each second counts.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BeforeHuman {
    /// Says that the call is recorded.
    #[serde(default)]
    pub recording_notice: bool,
    /// A prompt tree. Whatever is pressed, and when nothing is, a human comes next.
    pub menu: Option<Menu>,
}

/// A prompt tree of one level.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Menu {
    /// A sound of Asterisk's without its ending; ours by default.
    #[serde(default = "menu_sound")]
    pub sound: Name,
    /// How long a key is waited for, seconds.
    #[serde(default = "menu_seconds")]
    pub seconds: u8,
}

/// Where Asterisk keeps what. The defaults are Debian's.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Paths {
    /// Configuration.
    pub etc: AbsolutePath,
    /// Modules.
    pub modules: AbsolutePath,
    /// Sounds and documentation.
    pub data: AbsolutePath,
    /// Its own database.
    pub db: AbsolutePath,
    /// Spool.
    pub spool: AbsolutePath,
    /// Socket and process id.
    pub run: AbsolutePath,
    /// Logs.
    pub log: AbsolutePath,
}

impl Default for Paths {
    fn default() -> Self {
        let path = |text: &str| AbsolutePath(text.into());
        Self {
            etc: path("/etc/asterisk"),
            modules: path("/usr/lib/x86_64-linux-gnu/asterisk/modules"),
            data: path("/usr/share/asterisk"),
            db: path("/var/lib/asterisk"),
            spool: path("/var/spool/asterisk"),
            run: path("/run/asterisk"),
            log: path("/var/log/asterisk"),
        }
    }
}

/// A plan that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct PlanFault {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong.
    pub why: String,
}

impl Plan {
    /// Reads a plan.
    ///
    /// # Errors
    /// The first fault, with its line.
    pub fn read(text: &str) -> Result<Self, PlanFault> {
        let fault = |at: usize, why: String| PlanFault {
            line: text[..at.min(text.len())].matches('\n').count() + 1,
            why,
        };
        let plan: Self = toml::from_str(text).map_err(|error| {
            fault(error.span().map_or(0, |span| span.start), error.message().to_owned())
        })?;
        if plan.trunks.is_empty() {
            return Err(fault(text.len(), "there is no [[trunk]]: nobody could call".to_owned()));
        }
        // Where the second of two trunks begins.
        let table = |n: usize| text.match_indices("[[trunk]]").nth(n).map_or(0, |(at, _)| at);
        for (n, trunk) in plan.trunks.iter().enumerate() {
            if trunk.codecs.is_empty() || trunk.numbers.is_empty() {
                let name = &trunk.name.0;
                return Err(fault(table(n), format!("trunk {name} has no codec or no number")));
            }
            let earlier = &plan.trunks[..n];
            if earlier.iter().any(|other| other.name == trunk.name || other.host == trunk.host) {
                let name = &trunk.name.0;
                return Err(fault(
                    table(n),
                    format!("trunk {name}: its name or host is there twice"),
                ));
            }
        }
        Ok(plan)
    }

    /// A PBX of a test's own: everything on one loopback address, all files under `folder`, one trunk
    /// at `trunk` whose numbers are trusted.
    pub fn on_loopback(address: IpAddr, trunk: IpAddr, folder: &Path) -> Self {
        let inside = |name: &str| AbsolutePath(folder.join(name));
        Self {
            pbx: Pbx {
                address,
                sip_port: sip_port(),
                domain: domain(),
                recordings: inside("recordings"),
            },
            ari: Ari {
                listen: SocketAddr::new(address, ari_listen().port()),
                user: ari_user(),
                password_file: inside("ari-password"),
            },
            wss: None,
            rtp: Rtp { from: 20_000, to: 20_999 },
            seats: Seats { file: PathBuf::new(), without_hub: Vec::new() },
            trunks: vec![Trunk {
                name: Name("trunk".to_owned()),
                host: trunk,
                port: sip_port(),
                codecs: vec![Codec::Opus, Codec::G722, Codec::Alaw, Codec::Ulaw],
                asserted_identity: AssertedIdentity::Trusted,
                numbers: numbers(),
                qualify_seconds: 0,
            }],
            before_human: BeforeHuman::default(),
            paths: Paths {
                etc: inside("etc"),
                data: inside("data"),
                db: inside("db"),
                spool: inside("spool"),
                run: inside("run"),
                log: inside("log"),
                ..Paths::default()
            },
        }
    }
}

/// A word that means the same in every file: letters, digits and `-._/`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Name(String);

impl Name {
    /// The word.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let good = |c: char| c.is_ascii_alphanumeric() || "-._/".contains(c);
        if text.is_empty() || text.len() > 64 || !text.chars().all(good) {
            return Err(format!("{text:?} is no name: 1 to 64 letters, digits, - . _ /"));
        }
        Ok(Self(text))
    }
}

/// A number as a trunk dials it: digits, perhaps with `+` before them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Number(String);

impl Number {
    /// The number.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Number {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let digits = text.strip_prefix('+').unwrap_or(&text);
        if digits.is_empty() || digits.len() > 20 || !digits.chars().all(|c| c.is_ascii_digit()) {
            return Err(format!("{text:?} is no number: digits, perhaps + before them"));
        }
        Ok(Self(text))
    }
}

/// The path of a file or folder on the PBX, from the root on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct AbsolutePath(PathBuf);

impl std::ops::Deref for AbsolutePath {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl std::fmt::Display for AbsolutePath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.display().fmt(f)
    }
}

impl TryFrom<String> for AbsolutePath {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let good = |c: char| c.is_ascii_alphanumeric() || "-._/".contains(c);
        if !text.starts_with('/') || !text.chars().all(good) || text.contains("..") {
            return Err(format!("{text:?} is no path from / on without spaces"));
        }
        Ok(Self(text.into()))
    }
}

fn sip_port() -> u16 {
    5_060
}

fn domain() -> Name {
    Name("siaga.invalid".to_owned())
}

fn ari_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8_088))
}

fn ari_user() -> Name {
    Name("siaga".to_owned())
}

fn numbers() -> Vec<Number> {
    vec![Number("110".to_owned())]
}

fn qualify() -> u16 {
    30
}

fn menu_sound() -> Name {
    Name("siaga/menu".to_owned())
}

fn menu_seconds() -> u8 {
    4
}
