//! Passwords: hashed with argon2id, and verified. Nothing else takes so much time and memory, so only few at once.

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier},
};
use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many passwords are hashed at once at most; each takes 19 MiB.
const AT_ONCE: usize = 4;

/// How long to wait for a turn.
const PATIENCE: Duration = Duration::from_secs(10);

/// The hash of a password that nobody has. Verifying against it takes as long as against a member's.
static NOBODYS: LazyLock<Option<String>> = LazyLock::new(|| hash_now("").ok());

/// Why a password was not hashed or verified.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PasswordError {
    /// Too many are being.
    #[error("too many people sign in at the moment")]
    Busy,
    /// The library said no.
    #[error("hashing a password: {0}")]
    Hashing(argon2::password_hash::Error),
}

/// Hashes and verifies. Cheap to clone; all clones take turns together.
#[derive(Clone)]
pub(crate) struct Passwords {
    turns: Arc<Semaphore>,
}

impl Passwords {
    /// As many at once as there are processors, within what memory allows.
    pub(crate) fn new() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self { turns: Arc::new(Semaphore::new(processors.min(AT_ONCE))) }
    }

    /// The hash of a password, a PHC string with parameters and salt.
    pub(crate) async fn hash(&self, password: String) -> Result<String, PasswordError> {
        self.take_turn(move || hash_now(&password)).await?
    }

    /// Whether a password is the one of this hash. Without a hash it is not, which takes as long to say.
    pub(crate) async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, PasswordError> {
        let verify = move || {
            let known = hash.is_some();
            let Some(hash) = hash.as_deref().or(NOBODYS.as_deref()) else { return false };
            let verified = Argon2::default().verify_password(password.as_bytes(), hash).is_ok();
            known && verified
        };
        self.take_turn(verify).await
    }

    async fn take_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let turn: OwnedSemaphorePermit = tokio::time::timeout(PATIENCE, self.turns.clone().acquire_owned())
            .await
            .ok()
            .and_then(Result::ok)
            .ok_or(PasswordError::Busy)?;
        // Whoever waits may go away; the turn is over when the work is.
        let work = move || {
            let _turn = turn;
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| PasswordError::Busy)
    }
}

fn hash_now(password: &str) -> Result<String, PasswordError> {
    let hash = Argon2::default().hash_password(password.as_bytes()).map_err(PasswordError::Hashing)?;
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_same_password_is_verified() {
        let passwords = Passwords::new();
        let hash = passwords.hash("correct horse".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_ne!(hash, passwords.hash("correct horse".into()).await.unwrap());
        assert!(passwords.verify("correct horse".into(), Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify("wrong horse".into(), Some(hash)).await.unwrap());
        assert!(!passwords.verify("correct horse".into(), Some("no hash".into())).await.unwrap());
        // Nobody's password is none that could be typed.
        assert!(!passwords.verify(String::new(), None).await.unwrap());
    }
}
