//! Passwords of operators: argon2id, always off the async threads, because one check takes tens of
//! milliseconds of a core.

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc};
use siaga_model::Redacted;

/// Why a password could not be hashed.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// A password has 8 to 256 characters.
    #[error("a password has 8 to 256 characters")]
    Length,
    /// The stored text is not an argon2id hash in PHC form.
    #[error("the stored hash is not one of argon2id")]
    NotAHash,
    /// The hash function failed.
    #[error("hashing failed: {0}")]
    Failed(String),
}

/// An argon2id hash in PHC form. `Debug` does not show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordHash(Redacted<String>);

impl PasswordHash {
    /// Hashes a new password of 8 to 256 characters with the defaults of argon2id (19 MiB, 2 passes,
    /// as OWASP recommends) and a random salt.
    ///
    /// # Errors
    /// [`PasswordError::Length`] and [`PasswordError::Failed`].
    pub async fn of(password: Redacted<String>) -> Result<Self, PasswordError> {
        if !(8..=256).contains(&password.expose().chars().count()) {
            return Err(PasswordError::Length);
        }
        off_thread(move || {
            Argon2::default()
                .hash_password(password.expose().as_bytes())
                .map(|hash: phc::PasswordHash| Self(Redacted::new(hash.to_string())))
                .map_err(|error| PasswordError::Failed(error.to_string()))
        })
        .await
    }

    /// From its PHC text, as stored.
    ///
    /// # Errors
    /// [`PasswordError::NotAHash`].
    pub fn from_phc(text: String) -> Result<Self, PasswordError> {
        match phc::PasswordHash::new(&text) {
            Ok(hash) if hash.algorithm.as_str() == "argon2id" => Ok(Self(Redacted::new(text))),
            Ok(_) | Err(_) => Err(PasswordError::NotAHash),
        }
    }

    /// The PHC text, for the store.
    pub fn phc(&self) -> &str {
        self.0.expose()
    }

    /// Whether this is the password.
    ///
    /// # Errors
    /// [`PasswordError::Failed`] when it could not be checked.
    pub async fn verify(&self, password: Redacted<String>) -> Result<bool, PasswordError> {
        let stored = self.clone();
        off_thread(move || {
            let hash = phc::PasswordHash::new(stored.phc()).map_err(|_| PasswordError::NotAHash)?;
            Ok(Argon2::default().verify_password(password.expose().as_bytes(), &hash).is_ok())
        })
        .await
    }
}

async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
) -> Result<T, PasswordError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(PasswordError::Failed(error.to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_verifies() {
        let hash = PasswordHash::of("kata sandi".to_owned().into()).await.unwrap();
        assert!(hash.phc().starts_with("$argon2id$"));
        assert!(hash.verify("kata sandi".to_owned().into()).await.unwrap());
        assert!(!hash.verify("kata sandl".to_owned().into()).await.unwrap());
        assert_eq!(PasswordHash::from_phc(hash.phc().to_owned()).unwrap(), hash);
        assert!(!format!("{hash:?}").contains("argon2"));
    }

    #[tokio::test]
    async fn a_short_password_is_refused() {
        let short = PasswordHash::of("tujuh77".to_owned().into()).await;
        assert!(matches!(short, Err(PasswordError::Length)));
        assert!(PasswordHash::from_phc("plain text".to_owned()).is_err());
    }
}
