//! HTTP digest as SIP uses it (RFC 7616, RFC 8760), on both sides.

use sha2::Digest as _;
use siaga_model::Redacted;

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
        let text = format!("{user}:{realm}:{}", secret.expose());
        Self {
            sha256: Redacted::new(hex::encode(sha2::Sha256::digest(&text))),
            md5: Some(Redacted::new(hex::encode(md5::Md5::digest(&text)))),
        }
    }

    /// Without MD5, for accounts that only our own desk uses.
    #[must_use]
    pub fn sha256_only(self) -> Self {
        Self { md5: None, ..self }
    }
}
