//! Accounts, their contacts and who may register, without IO (RFC 3261, 10.3; RFC 5626).
//!
//! Guessing is slowed threefold, and never at the cost of a desk elsewhere: each refusal of an
//! address is answered later than the one before; an address that has guessed wrong for an account
//! must wait before its next proof for that account is looked at at all, longer the more wrong ones
//! the account has had from anywhere; and each proof needs a nonce of its own. Whoever has not
//! guessed wrong for the account is never made to wait.

use super::limits::neighbour;
use crate::digest::{Ha1s, Nonces, Params, Proof};
use crate::message::{Message, NameAddr, split_list};
use crate::stack::{FlowId, Owner};
use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Life-times granted, in seconds: least, most, and when nothing was asked for.
const EXPIRES: (u64, u64, u64) = (60, 3600, 600);
/// Contacts of one account; a further one displaces the oldest.
const CONTACTS: usize = 8;
/// Addresses, and pairs of address and account, whose failures are counted; further ones are slowed
/// as if they had failed often.
const ADDRESSES: usize = 4096;
/// Delay of the first refusal of an address; doubled with each further one.
const FIRST_DELAY: Duration = Duration::from_millis(250);
/// The longest delay.
const LAST_DELAY: Duration = Duration::from_secs(8);
/// Failures are forgotten when there has been none for this long.
const FORGIVEN: Duration = Duration::from_secs(60);

#[derive(Debug)]
struct Binding {
    /// Contact URI as the client wrote it.
    uri: String,
    instance: Option<String>,
    reg_id: Option<String>,
    flow: FlowId,
    until: Instant,
    call_id: String,
    cseq: u32,
}

impl Binding {
    /// Whether a new contact takes the place of this one (RFC 5626, 6).
    fn is_same(&self, uri: &str, instance: Option<&str>, reg_id: Option<&str>) -> bool {
        match (&self.instance, instance) {
            (Some(a), Some(b)) => a == b && self.reg_id.as_deref() == reg_id,
            _ => self.uri == uri,
        }
    }
}

/// Wrong proofs of somebody, or for something.
#[derive(Clone, Copy, Debug, Default)]
struct Failures(Option<(u32, Instant)>);

impl Failures {
    fn count(&mut self, now: Instant) {
        let before = self.0.filter(|(_, last)| now.duration_since(*last) < FORGIVEN);
        self.0 = Some((before.map_or(0, |(count, _)| count).saturating_add(1), now));
    }

    /// How much later the next one is answered, from the last one on.
    fn delay(&self) -> Duration {
        let Some((count, _)) = self.0 else { return Duration::ZERO };
        FIRST_DELAY.saturating_mul(1 << (count - 1).min(10)).min(LAST_DELAY)
    }

    fn are_forgiven(&self, now: Instant) -> bool {
        self.0.is_none_or(|(_, last)| now.duration_since(last) >= FORGIVEN)
    }
}

#[derive(Debug)]
struct Account {
    secrets: Ha1s,
    failures: Failures,
    /// The newest last.
    bindings: Vec<Binding>,
}

#[derive(Debug, Default)]
pub(super) struct Registrar {
    accounts: HashMap<String, Account>,
    /// By neighbour, and by neighbour and account.
    by_address: HashMap<IpAddr, Failures>,
    by_guess: HashMap<(IpAddr, String), Failures>,
}

/// What to answer to a REGISTER.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// 401 with fresh challenges.
    Challenge { stale: bool },
    /// A refusal, sent after `delay`.
    Refused { status: u16, reason: &'static str, delay: Duration },
    /// 503: an address that has guessed wrong must wait before it is listened to again.
    Later { after: Duration },
    /// 423 with the least life-time, in seconds.
    TooBrief { least: u64 },
    /// 200 with these Contact values.
    Done { owner: Owner, contacts: Vec<String>, change: Change, outbound: bool },
}

/// What a REGISTER or the passing of time changed for an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    None,
    /// It has its first contact.
    Came {
        uri: String,
    },
    /// It has lost its last one.
    Went,
}

impl Registrar {
    pub(super) fn set_account(&mut self, user: String, secrets: Ha1s) {
        match self.accounts.get_mut(&user) {
            Some(account) => account.secrets = secrets,
            None => {
                self.accounts.insert(
                    user,
                    Account { secrets, failures: Failures::default(), bindings: Vec::new() },
                );
            }
        }
    }

    /// Whether it was registered.
    pub(super) fn remove_account(&mut self, user: &str) -> bool {
        self.accounts.remove(user).is_some_and(|a| !a.bindings.is_empty())
    }

    /// Contact URI, connection and instance of the newest contact.
    pub(super) fn newest(&self, user: &str) -> Option<(String, FlowId, Owner)> {
        let binding = self.accounts.get(user)?.bindings.last()?;
        let owner = Owner { user: user.to_owned(), instance: binding.instance.clone() };
        Some((binding.uri.clone(), binding.flow, owner))
    }

    /// The account registered over `flow`.
    pub(super) fn on_flow(&self, flow: FlowId) -> Option<Owner> {
        self.accounts.iter().find_map(|(user, account)| {
            let binding = account.bindings.iter().find(|b| b.flow == flow)?;
            Some(Owner { user: user.clone(), instance: binding.instance.clone() })
        })
    }

    /// Drops the contacts of a dead connection; gives the accounts that lost their last one.
    pub(super) fn flow_down(&mut self, flow: FlowId) -> Vec<String> {
        self.drop_bindings(|b| b.flow == flow)
    }

    /// Drops what has expired; gives the accounts that lost their last contact.
    pub(super) fn expire(&mut self, now: Instant) -> Vec<String> {
        self.by_address.retain(|_, f| !f.are_forgiven(now));
        self.by_guess.retain(|_, f| !f.are_forgiven(now));
        self.drop_bindings(|b| b.until <= now)
    }

    fn drop_bindings(&mut self, gone: impl Fn(&Binding) -> bool) -> Vec<String> {
        let mut lost = Vec::new();
        for (user, account) in &mut self.accounts {
            let before = account.bindings.len();
            account.bindings.retain(|b| !gone(b));
            if before > 0 && account.bindings.is_empty() {
                lost.push(user.clone());
            }
        }
        lost
    }

    pub(super) fn next_expiry(&self) -> Option<Instant> {
        self.accounts.values().flat_map(|a| a.bindings.iter().map(|b| b.until)).min()
    }

    /// Judges a REGISTER that came over `flow` from `address`.
    pub(super) fn register(
        &mut self,
        now: Instant,
        request: &Message,
        flow: FlowId,
        nonces: &mut Nonces,
        realm: &str,
        address: IpAddr,
    ) -> Verdict {
        let refused = |status, reason| Verdict::Refused { status, reason, delay: Duration::ZERO };
        let Some(user) = request.to().map(|t| t.user()) else {
            return refused(400, "To Unreadable");
        };
        let proof = request
            .all("Authorization")
            .filter_map(Params::parse)
            .find(|p| p.get("realm") == Some(realm));
        let Some(proof) = proof else { return Verdict::Challenge { stale: false } };
        let guess = (neighbour(address), user.clone());
        if let Some(after) = self.must_wait(now, &guess) {
            return Verdict::Later { after };
        }
        // One account can register nobody but itself.
        let account = self.accounts.get(&user).filter(|_| proof.get("username") == Some(&user));
        let secrets = account.map(|a| a.secrets.clone());
        match nonces.judge(now, &proof, realm, "REGISTER", secrets.as_ref()) {
            Proof::Good => {}
            Proof::Stale => return Verdict::Challenge { stale: true },
            Proof::Wrong => {
                let delay = self.count_failure(now, guess);
                return Verdict::Refused { status: 403, reason: "Wrong User Or Secret", delay };
            }
        }
        let Some(account) = self.accounts.get_mut(&user) else {
            return refused(404, "No Such Account");
        };
        update(now, account, request, flow, user)
    }

    /// How long this address must wait before its proofs for this account are looked at again.
    fn must_wait(&self, now: Instant, guess: &(IpAddr, String)) -> Option<Duration> {
        let (_, last) = self.by_guess.get(guess).filter(|f| !f.are_forgiven(now))?.0?;
        let own = self.by_guess.get(guess).map_or(Duration::ZERO, Failures::delay);
        let account = self.accounts.get(&guess.1).filter(|a| !a.failures.are_forgiven(now));
        let delay = own.max(account.map_or(Duration::ZERO, |a| a.failures.delay()));
        (last + delay).checked_duration_since(now).filter(|d| !d.is_zero())
    }

    /// Counts a wrong proof; gives how much later it is answered.
    fn count_failure(&mut self, now: Instant, guess: (IpAddr, String)) -> Duration {
        if let Some(account) = self.accounts.get_mut(&guess.1) {
            account.failures.count(now);
        }
        let address = guess.0;
        if self.by_guess.len() >= ADDRESSES {
            self.by_guess.retain(|_, f| !f.are_forgiven(now));
        }
        if self.by_guess.len() < ADDRESSES || self.by_guess.contains_key(&guess) {
            self.by_guess.entry(guess).or_default().count(now);
        }
        if self.by_address.len() >= ADDRESSES {
            self.by_address.retain(|_, f| !f.are_forgiven(now));
        }
        if self.by_address.len() >= ADDRESSES && !self.by_address.contains_key(&address) {
            return LAST_DELAY;
        }
        let failures = self.by_address.entry(address).or_default();
        failures.count(now);
        failures.delay()
    }
}

/// Brings the contacts of an account up to date with an authenticated REGISTER.
fn update(
    now: Instant,
    account: &mut Account,
    request: &Message,
    flow: FlowId,
    user: String,
) -> Verdict {
    let refused = |status, reason| Verdict::Refused { status, reason, delay: Duration::ZERO };
    let header = match request.get("Expires").map(|e| e.trim().parse::<u64>()) {
        None => None,
        Some(Ok(seconds)) => Some(seconds),
        Some(Err(_)) => return refused(400, "Bad Expires"),
    };
    let call_id = request.get("Call-ID").unwrap_or_default();
    let cseq = request.cseq().map_or(0, |(n, _)| n);
    if account.bindings.iter().any(|b| b.call_id == call_id && b.cseq >= cseq) {
        return refused(500, "CSeq Out Of Order");
    }
    let had = !account.bindings.is_empty();
    let mut owner = Owner { user, instance: None };
    let mut outbound = false;
    let mut contacts = Vec::new();
    for text in request.all("Contact").flat_map(split_list).filter(|t| !t.is_empty()) {
        if text == "*" {
            if header != Some(0) {
                return refused(400, "Contact * Needs Expires 0");
            }
            account.bindings.clear();
            continue;
        }
        let Some(mut contact) = NameAddr::parse(text) else {
            return refused(400, "Contact Unreadable");
        };
        // Header fields in it have no place in a Request-URI (RFC 3261, 19.1.5).
        if let Some(at) = contact.uri.find('?') {
            contact.uri.truncate(at);
        }
        let asked = match contact.param("expires").map(str::parse::<u64>) {
            Some(Ok(seconds)) => seconds,
            Some(Err(_)) => return refused(400, "Bad Expires"),
            None => header.unwrap_or(EXPIRES.2),
        };
        if asked != 0 && asked < EXPIRES.0 {
            return Verdict::TooBrief { least: EXPIRES.0 };
        }
        contacts.push((contact, asked.min(EXPIRES.1)));
    }
    for (contact, seconds) in contacts {
        let instance = contact.param("+sip.instance").map(str::to_owned);
        let reg_id = contact.param("reg-id").map(str::to_owned);
        account
            .bindings
            .retain(|b| !b.is_same(&contact.uri, instance.as_deref(), reg_id.as_deref()));
        if seconds == 0 {
            continue;
        }
        if account.bindings.len() == CONTACTS {
            account.bindings.remove(0);
        }
        outbound |= instance.is_some() && reg_id.is_some();
        owner.instance.clone_from(&instance);
        account.bindings.push(Binding {
            uri: contact.uri,
            instance,
            reg_id,
            flow,
            until: now + Duration::from_secs(seconds),
            call_id: call_id.to_owned(),
            cseq,
        });
    }
    let change = match (had, account.bindings.last()) {
        (false, Some(binding)) => Change::Came { uri: binding.uri.clone() },
        (true, None) => Change::Went,
        (true, Some(_)) | (false, None) => Change::None,
    };
    let contacts = account.bindings.iter().map(|b| describe(b, now)).collect();
    Verdict::Done { owner, contacts, change, outbound }
}

/// A Contact value for the 200, which lists all contacts of the account.
fn describe(binding: &Binding, now: Instant) -> String {
    let mut value = format!("<{}>", binding.uri);
    if let Some(instance) = &binding.instance {
        value.push_str(&format!(";+sip.instance=\"{instance}\""));
    }
    if let Some(reg_id) = &binding.reg_id {
        value.push_str(&format!(";reg-id={reg_id}"));
    }
    let left = binding.until.saturating_duration_since(now);
    value.push_str(&format!(";expires={}", left.as_millis().div_ceil(1000)));
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::{Challenge, challenges};
    use crate::message::Method;
    use siaga_model::Redacted;

    const FLOW: FlowId = FlowId(1);

    struct Desk {
        registrar: Registrar,
        nonces: Nonces,
        now: Instant,
        cseq: u32,
    }

    impl Desk {
        fn new() -> Self {
            let mut registrar = Registrar::default();
            let secret = Redacted::new("s".to_owned());
            registrar.set_account("desk".into(), Ha1s::of("desk", "polda", &secret));
            Self { registrar, nonces: Nonces::default(), now: Instant::now(), cseq: 0 }
        }

        fn register(&mut self, flow: FlowId, secret: &str, contact: &str) -> Verdict {
            self.register_from(IpAddr::from([127, 0, 0, 1]), flow, secret, contact)
        }

        fn register_from(
            &mut self,
            address: IpAddr,
            flow: FlowId,
            secret: &str,
            contact: &str,
        ) -> Verdict {
            self.cseq += 1;
            let nonce = format!("n{}", self.cseq);
            self.nonces.give(self.now, nonce.clone());
            let values = challenges("polda", &nonce, false);
            let challenge = Challenge::choose(values.iter().map(String::as_str)).expect("ours");
            let secret = Redacted::new(secret.to_owned());
            let proof = challenge.answer("desk", &secret, "REGISTER", "sip:polda", "c");
            let request = Message::request(Method::Register, "sip:polda")
                .with("To", "<sip:desk@polda>")
                .with("Call-ID", "r")
                .with("CSeq", format!("{} REGISTER", self.cseq))
                .with("Contact", contact)
                .with("Authorization", proof);
            self.registrar.register(self.now, &request, flow, &mut self.nonces, "polda", address)
        }
    }

    #[test]
    fn a_registration_that_is_not_refreshed_expires() {
        let mut desk = Desk::new();
        let verdict = desk.register(FLOW, "s", "<sip:a@b.invalid;transport=ws>;expires=60");
        let Verdict::Done { contacts, change: Change::Came { .. }, .. } = verdict else {
            panic!("{verdict:?}");
        };
        assert_eq!(contacts, ["<sip:a@b.invalid;transport=ws>;expires=60"]);
        let end = desk.registrar.next_expiry().expect("one is due");
        assert_eq!(end, desk.now + Duration::from_secs(60));
        assert!(desk.registrar.expire(end - Duration::from_millis(1)).is_empty());
        assert_eq!(desk.registrar.expire(end), ["desk"]);
        assert!(desk.registrar.newest("desk").is_none());
    }

    #[test]
    fn the_same_instance_replaces_its_contact_and_another_stays_beside_it() {
        let mut desk = Desk::new();
        let first = "<sip:a@b.invalid>;+sip.instance=\"<urn:uuid:1>\";reg-id=1";
        let again = "<sip:c@d.invalid>;+sip.instance=\"<urn:uuid:1>\";reg-id=1";
        let other = "<sip:e@f.invalid>;+sip.instance=\"<urn:uuid:2>\";reg-id=1";
        for (flow, contact, expected) in [(1, first, 1), (2, again, 1), (3, other, 2)] {
            let verdict = desk.register(FlowId(flow), "s", contact);
            let Verdict::Done { contacts, outbound: true, .. } = verdict else {
                panic!("{verdict:?}")
            };
            assert_eq!(contacts.len(), expected);
        }
        let (uri, flow, owner) = desk.registrar.newest("desk").expect("registered");
        assert_eq!((uri.as_str(), flow), ("sip:e@f.invalid", FlowId(3)));
        assert_eq!(owner.instance.as_deref(), Some("<urn:uuid:2>"));
        assert!(desk.registrar.flow_down(FlowId(3)).is_empty());
        assert_eq!(desk.registrar.newest("desk").expect("the other").1, FlowId(2));
        assert_eq!(desk.registrar.flow_down(FlowId(2)), ["desk"]);
    }

    const CONTACT: &str = "<sip:a@b.invalid>";

    /// The next wrong proof that is looked at, as early as possible; gives its delay.
    fn guess(desk: &mut Desk, address: IpAddr) -> Duration {
        loop {
            match desk.register_from(address, FLOW, "x", CONTACT) {
                Verdict::Refused { status: 403, delay, .. } => return delay,
                Verdict::Later { after } => desk.now += after,
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn each_wrong_secret_is_answered_later_until_the_address_behaves() {
        let mut desk = Desk::new();
        let here = IpAddr::from([127, 0, 0, 1]);
        let delays: Vec<u128> = (0..7).map(|_| guess(&mut desk, here).as_millis()).collect();
        assert_eq!(delays, [250, 500, 1000, 2000, 4000, 8000, 8000]);
        desk.now += FORGIVEN;
        assert_eq!(guess(&mut desk, here), FIRST_DELAY);
    }

    #[test]
    fn many_guesses_at_once_are_not_looked_at_before_their_time() {
        let mut desk = Desk::new();
        let (here, begun) = (IpAddr::from([10, 0, 0, 1]), desk.now);
        let mut looked_at = 0;
        while desk.now < begun + Duration::from_secs(60) {
            match desk.register_from(here, FLOW, "x", CONTACT) {
                Verdict::Refused { status: 403, .. } => looked_at += 1,
                Verdict::Later { .. } => {}
                other => panic!("{other:?}"),
            }
            desk.now += Duration::from_millis(10);
        }
        assert!(looked_at <= 13, "{looked_at} of 6000 guesses in a minute");
        // Not even the right secret helps who has guessed so often, until it has waited.
        assert!(matches!(desk.register_from(here, FLOW, "s", CONTACT), Verdict::Later { .. }));
        desk.now += LAST_DELAY;
        assert!(matches!(desk.register_from(here, FLOW, "s", CONTACT), Verdict::Done { .. }));
    }

    #[test]
    fn a_desk_elsewhere_registers_at_once_whoever_guesses_at_its_account() {
        let mut desk = Desk::new();
        for n in 0..200 {
            guess(&mut desk, IpAddr::from([10, 0, n, 1]));
        }
        let home = IpAddr::from([192, 168, 0, 7]);
        assert!(matches!(desk.register_from(home, FLOW, "s", CONTACT), Verdict::Done { .. }));
        // All those who guess share the delay that the account has grown.
        let next = desk.register_from(IpAddr::from([10, 0, 199, 1]), FLOW, "x", CONTACT);
        assert_eq!(next, Verdict::Later { after: LAST_DELAY });
    }

    #[test]
    fn too_short_a_life_is_refused_with_the_least_one() {
        let mut desk = Desk::new();
        let verdict = desk.register(FLOW, "s", "<sip:a@b.invalid>;expires=5");
        assert_eq!(verdict, Verdict::TooBrief { least: 60 });
    }
}
