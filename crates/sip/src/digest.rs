//! HTTP digest as SIP uses it (RFC 7616, RFC 8760), on both sides; qop `auth`, SHA-256 and MD5.
//!
//! Ours rather than the SIP library's: that one refuses the token `SHA-256`, looks at the first
//! challenge only and counts `nc` in decimal. The `-sess` algorithms and `auth-int` are not spoken;
//! a challenge that offers nothing else is not answered.

use sha2::Digest as _;
use siaga_model::Redacted;
use std::time::{Duration, Instant};

/// How long a nonce may be used after it was given.
const NONCE_LIFE: Duration = Duration::from_secs(300);

/// The digests H(user:realm:secret) of one account: what a registrar keeps instead of the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ha1s {
    /// SHA-256, lower-case hex.
    pub sha256: Redacted<String>,
    /// MD5, lower-case hex; only for foreign clients that know nothing better.
    pub md5: Option<Redacted<String>>,
}

impl Ha1s {
    /// Of a secret, for both algorithms. `realm` is the server's.
    pub fn of(user: &str, realm: &str, secret: &Redacted<String>) -> Self {
        Self {
            sha256: Redacted::new(Algorithm::Sha256.ha1(user, realm, secret.expose())),
            md5: Some(Redacted::new(Algorithm::Md5.ha1(user, realm, secret.expose()))),
        }
    }

    /// Without MD5, for accounts that only our own desk uses.
    #[must_use]
    pub fn sha256_only(self) -> Self {
        Self { md5: None, ..self }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Sha256,
    Md5,
}

impl Algorithm {
    /// From the token in a header; absent means MD5 (RFC 7616, section 3.3).
    fn from_token(token: Option<&str>) -> Option<Self> {
        match token {
            None => Some(Self::Md5),
            Some(t) if t.eq_ignore_ascii_case("SHA-256") => Some(Self::Sha256),
            Some(t) if t.eq_ignore_ascii_case("MD5") => Some(Self::Md5),
            Some(_) => None,
        }
    }

    const fn token(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA-256",
            Self::Md5 => "MD5",
        }
    }

    fn hash(self, text: &str) -> String {
        match self {
            Self::Sha256 => hex::encode(sha2::Sha256::digest(text)),
            Self::Md5 => hex::encode(md5::Md5::digest(text)),
        }
    }

    fn ha1(self, user: &str, realm: &str, secret: &str) -> String {
        self.hash(&format!("{user}:{realm}:{secret}"))
    }

    /// The response for qop `auth`.
    fn response(self, ha1: &str, use_: &Use<'_>) -> String {
        let ha2 = self.hash(&format!("{}:{}", use_.method, use_.uri));
        let Use { nonce, nc, cnonce, .. } = use_;
        self.hash(&format!("{ha1}:{nonce}:{nc}:{cnonce}:auth:{ha2}"))
    }
}

/// What one use of a nonce is computed over.
struct Use<'a> {
    method: &'a str,
    uri: &'a str,
    nonce: &'a str,
    nc: &'a str,
    cnonce: &'a str,
}

/// The parameters of a `Digest …` header value. Names are lower-cased, quotes are undone.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    /// `None` when the text is not `Digest` followed by a well-formed list, or names one twice.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.trim().split_once([' ', '\t'])?;
        if !scheme.eq_ignore_ascii_case("Digest") {
            return None;
        }
        let mut found: Vec<(String, String)> = Vec::new();
        let mut rest = rest.trim();
        loop {
            let (name, after) = rest.split_once('=')?;
            let name = name.trim().to_ascii_lowercase();
            if name.is_empty() || !name.chars().all(is_token_char) {
                return None;
            }
            let (value, after) = take_value(after.trim_start())?;
            if found.iter().any(|(n, _)| *n == name) {
                return None;
            }
            found.push((name, value));
            let after = after.trim_start();
            if after.is_empty() {
                return Some(Self(found));
            }
            rest = after.strip_prefix(',')?.trim_start();
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// One value, a quoted string or a token, and what follows it.
fn take_value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(|c: char| !is_token_char(c)).unwrap_or(text.len());
        return (end > 0).then(|| (text[..end].to_owned(), &text[end..]));
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &quoted[at + 1..])),
            '\\' => value.push(chars.next()?.1),
            _ => value.push(c),
        }
    }
    None
}

/// RFC 3261 token characters, and those that unquoted digest values carry in the field.
fn is_token_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-.!%*_+`'~/:@".contains(c)
}

fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

/// A challenge that we can answer.
#[derive(Debug)]
pub(crate) struct Challenge {
    realm: String,
    nonce: String,
    opaque: Option<String>,
    algorithm: Algorithm,
    pub(crate) stale: bool,
}

impl Challenge {
    /// The first one that we can answer: the server lists them by preference (RFC 8760, 2.4).
    pub(crate) fn choose<'a>(values: impl Iterator<Item = &'a str>) -> Option<Self> {
        values.filter_map(Self::parse).next()
    }

    fn parse(value: &str) -> Option<Self> {
        let params = Params::parse(value)?;
        let qop = params.get("qop")?;
        qop.split(',').find(|q| q.trim().eq_ignore_ascii_case("auth"))?;
        Some(Self {
            realm: params.get("realm")?.to_owned(),
            nonce: params.get("nonce")?.to_owned(),
            opaque: params.get("opaque").map(str::to_owned),
            algorithm: Algorithm::from_token(params.get("algorithm"))?,
            stale: params.get("stale").is_some_and(|s| s.eq_ignore_ascii_case("true")),
        })
    }

    /// The value of the (Proxy-)Authorization header. A nonce is used once only, so nc is 1.
    pub(crate) fn answer(
        &self,
        user: &str,
        secret: &Redacted<String>,
        method: &str,
        uri: &str,
        cnonce: &str,
    ) -> String {
        let ha1 = self.algorithm.ha1(user, &self.realm, secret.expose());
        let nc = "00000001";
        let response =
            self.algorithm.response(&ha1, &Use { method, uri, nonce: &self.nonce, nc, cnonce });
        let mut value = format!(
            "Digest username={}, realm={}, nonce={}, uri={}, response=\"{response}\", \
             algorithm={}, qop=auth, nc={nc}, cnonce=\"{cnonce}\"",
            quote(user),
            quote(&self.realm),
            quote(&self.nonce),
            quote(uri),
            self.algorithm.token(),
        );
        if let Some(opaque) = &self.opaque {
            value.push_str(", opaque=");
            value.push_str(&quote(opaque));
        }
        value
    }
}

/// The nonces given to one connection. They are stored rather than signed and die with the
/// connection, so a response stolen from one is worth nothing on another.
#[derive(Debug, Default)]
pub(crate) struct Nonces(std::collections::VecDeque<Nonce>);

#[derive(Debug)]
struct Nonce {
    text: String,
    given: Instant,
    last_nc: u32,
}

/// What an Authorization header is worth.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    Good,
    /// Right or wrong cannot be said: its nonce is not (or no longer) ours, or was used before.
    Stale,
    Wrong,
}

impl Nonces {
    /// When a connection asks for more at once, its oldest is forgotten (and answered as stale).
    const CAPACITY: usize = 8;

    /// Remembers `text`, which must be unguessable, as given now.
    pub(crate) fn give(&mut self, now: Instant, text: String) {
        if self.0.len() == Self::CAPACITY {
            self.0.pop_front();
        }
        self.0.push_back(Nonce { text, given: now, last_nc: 0 });
    }

    /// Judges `params` for `method`. A wrong proof spends its nonce, so that each guess costs a
    /// round trip. `ha1s` is `None` for an account that does not exist, which
    /// takes the same path and time.
    pub(crate) fn judge(
        &mut self,
        now: Instant,
        params: &Params,
        realm: &str,
        method: &str,
        ha1s: Option<&Ha1s>,
    ) -> Proof {
        let get = |name| params.get(name).unwrap_or_default();
        let Some(at) = self.0.iter().position(|n| n.text == get("nonce")) else {
            return Proof::Stale;
        };
        let nonce = &mut self.0[at];
        let nc = u32::from_str_radix(get("nc"), 16).unwrap_or(0);
        if now.duration_since(nonce.given) > NONCE_LIFE || (nc != 0 && nc <= nonce.last_nc) {
            return Proof::Stale;
        }
        let well_formed = nc != 0
            && get("nc").len() == 8
            && get("realm") == realm
            && get("qop").eq_ignore_ascii_case("auth")
            && !get("cnonce").is_empty();
        let algorithm = Algorithm::from_token(params.get("algorithm"));
        let ha1 = match algorithm {
            Some(Algorithm::Sha256) => ha1s.map(|h| h.sha256.expose().as_str()),
            Some(Algorithm::Md5) => ha1s.and_then(|h| h.md5.as_ref()).map(|h| h.expose().as_str()),
            None => None,
        };
        let expected = algorithm.unwrap_or(Algorithm::Sha256).response(
            ha1.unwrap_or("no such account"),
            &Use {
                method,
                uri: get("uri"),
                nonce: &nonce.text,
                nc: get("nc"),
                cnonce: get("cnonce"),
            },
        );
        let same = equal_in_constant_time(expected.as_bytes(), get("response").as_bytes());
        if well_formed && ha1.is_some() && same {
            nonce.last_nc = nc;
            Proof::Good
        } else {
            self.0.remove(at);
            Proof::Wrong
        }
    }
}

/// The WWW-Authenticate values for one nonce, the better algorithm first (RFC 8760, 2.4).
pub(crate) fn challenges(realm: &str, nonce: &str, stale: bool) -> [String; 2] {
    [Algorithm::Sha256, Algorithm::Md5].map(|algorithm| {
        let mut value = format!(
            "Digest realm={}, nonce={}, algorithm={}, qop=\"auth\"",
            quote(realm),
            quote(nonce),
            algorithm.token()
        );
        if stale {
            value.push_str(", stale=true");
        }
        value
    })
}

/// Compares without telling by its duration where the first difference is.
fn equal_in_constant_time(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len()
        && std::hint::black_box(a.iter().zip(b).fold(0, |acc, (x, y)| acc | (x ^ y))) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn secret(text: &str) -> Redacted<String> {
        Redacted::new(text.to_owned())
    }

    #[test]
    fn the_examples_of_rfc_7616_are_reproduced() {
        // Section 3.9.1, with its two algorithms.
        let use_ = |nc| Use {
            method: "GET",
            uri: "/dir/index.html",
            nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
            nc,
            cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        };
        for (algorithm, response) in [
            (Algorithm::Md5, "8ca523f5e9506fed4657c9700eebdbec"),
            (Algorithm::Sha256, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ] {
            let ha1 = algorithm.ha1("Mufasa", "http-auth@example.org", "Circle of Life");
            assert_eq!(algorithm.response(&ha1, &use_("00000001")), response);
        }
    }

    fn round(nonces: &mut Nonces, now: Instant, value: &str, ha1s: Option<&Ha1s>) -> Proof {
        let params = Params::parse(value).expect("our own header parses");
        nonces.judge(now, &params, "polda", "REGISTER", ha1s)
    }

    #[test]
    fn a_nonce_serves_once_per_count_and_dies_of_age() {
        let now = Instant::now();
        let mut nonces = Nonces::default();
        nonces.give(now, "n1".into());
        let ha1s = Ha1s::of("desk", "polda", &secret("s"));
        for (which, expected) in [(0, Proof::Good), (1, Proof::Stale)] {
            let challenge = Challenge::parse(&challenges("polda", "n1", false)[which]).unwrap();
            let right = challenge.answer("desk", &secret("s"), "REGISTER", "sip:polda", "c");
            assert_eq!(round(&mut nonces, now, &right, Some(&ha1s)), expected);
            assert_eq!(round(&mut nonces, now, &right, Some(&ha1s)), Proof::Stale);
        }
        // A guess spends its nonce, whether the account exists or not.
        for known in [Some(&ha1s), None] {
            nonces.give(now, "n3".into());
            let challenge = Challenge::parse(&challenges("polda", "n3", false)[0]).unwrap();
            let wrong = challenge.answer("desk", &secret("x"), "REGISTER", "sip:polda", "c");
            assert_eq!(round(&mut nonces, now, &wrong, known), Proof::Wrong);
            let right = challenge.answer("desk", &secret("s"), "REGISTER", "sip:polda", "c");
            assert_eq!(round(&mut nonces, now, &right, known), Proof::Stale);
        }
        nonces.give(now, "n2".into());
        let challenge = Challenge::parse(&challenges("polda", "n2", false)[1]).unwrap();
        let right = challenge.answer("desk", &secret("s"), "REGISTER", "sip:polda", "c");
        let later = now + NONCE_LIFE + Duration::from_secs(1);
        assert_eq!(round(&mut nonces, later, &right, Some(&ha1s)), Proof::Stale);
        let strict = ha1s.clone().sha256_only();
        assert_eq!(round(&mut nonces, now, &right, Some(&strict)), Proof::Wrong);
        nonces.give(now, "n2".into());
        assert_eq!(round(&mut nonces, now, &right, Some(&ha1s)), Proof::Good);
    }

    #[test]
    fn the_first_challenge_that_we_speak_is_answered() {
        let values = [
            "Basic realm=\"x\"",
            "Digest realm=\"a\", nonce=\"1\", algorithm=SHA-512-256, qop=\"auth\"",
            "Digest realm=\"b\", nonce=\"2\", algorithm=SHA-256, qop=\"auth-int\"",
            "Digest realm=\"c\", nonce=\"3\", algorithm=sha-256, qop=\"auth,auth-int\"",
            "Digest realm=\"d\", nonce=\"4\", qop=\"auth\"",
        ];
        let chosen = Challenge::choose(values.into_iter()).expect("the fourth");
        assert_eq!((chosen.realm.as_str(), chosen.algorithm), ("c", Algorithm::Sha256));
    }

    proptest! {
        #[test]
        fn the_header_parser_bears_any_text(text in "(?s)(Digest )?.{0,200}") {
            let _ = Params::parse(&text);
        }

        #[test]
        fn quoted_values_survive(realm in "[ -~]{0,40}", nonce in "[ -~]{1,40}") {
            let value = format!("Digest realm={}, nonce={}, qop=auth", quote(&realm), quote(&nonce));
            let params = Params::parse(&value).expect("well-formed");
            prop_assert_eq!(params.get("realm"), Some(realm.as_str()));
            prop_assert_eq!(params.get("nonce"), Some(nonce.as_str()));
        }
    }
}
