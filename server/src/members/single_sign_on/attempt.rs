//! An attempt to sign in: what a browser keeps while it is with the provider. Everything the provider is told, and brings
//! back, follows from it, so that it is kept nowhere else and of use in this browser alone.

use crate::secret::{self, RandomnessError};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use model::instant::Instant;
use std::fmt;

/// How long an attempt stands, in seconds.
pub(crate) const ATTEMPT_SECONDS: i64 = 600;

/// How far the clocks of servers may be apart, in milliseconds: another may have begun it.
const LEEWAY: i64 = 60_000;

/// The most bytes of an address to go on to. Cookies hold little more.
const ADDRESS_BYTES: usize = 2_000;

/// An attempt to sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attempt {
    secret: String,
    begun: Instant,
    /// Where the browser goes on to.
    pub(super) to: String,
}

/// What follows from an attempt, each for one purpose alone.
enum Purpose {
    State,
    Nonce,
    Verifier,
}

impl Attempt {
    /// Begins one. An address that is too long is left out.
    pub(super) fn begin(to: &str, now: Instant) -> Result<Self, RandomnessError> {
        let to = if to.len() <= ADDRESS_BYTES { to } else { "" };
        Ok(Self { secret: secret::generate()?, begun: now, to: to.to_owned() })
    }

    /// Reads what a browser kept.
    pub(super) fn read(kept: &str) -> Option<Self> {
        let [secret, begun, to] = kept.split('.').collect::<Vec<_>>().try_into().ok()?;
        let to = String::from_utf8(URL_SAFE_NO_PAD.decode(to).ok()?).ok()?;
        Some(Self { secret: secret.to_owned(), begun: Instant::from_millis(begun.parse().ok()?), to })
    }

    /// Whether it was begun, and not too long ago.
    pub(super) fn stands(&self, now: Instant) -> bool {
        self.begun <= now.plus_millis(LEEWAY) && now < self.expires()
    }

    /// When it stands no more.
    pub(super) fn expires(&self) -> Instant {
        self.begun.plus_millis(ATTEMPT_SECONDS * 1000)
    }

    /// Whether the provider sends this browser back, and with what it was sent off with.
    pub(super) fn has_state(&self, state: &str) -> bool {
        // Comparing hashes tells nobody by how long it takes how much of a guess is right.
        blake3::hash(state.as_bytes()) == blake3::hash(self.state().as_bytes())
    }

    /// What comes back unchanged with the browser.
    pub(super) fn state(&self) -> String {
        self.derive(&Purpose::State)
    }

    /// What the provider's word on who they are must hold.
    pub(super) fn nonce(&self) -> String {
        self.derive(&Purpose::Nonce)
    }

    /// What proves to the provider that the code is brought back by who sent the browser off.
    pub(super) fn verifier(&self) -> String {
        self.derive(&Purpose::Verifier)
    }

    /// By what it is known that it was used.
    pub(super) fn digest(&self) -> [u8; 32] {
        secret::digest(&self.secret)
    }

    fn derive(&self, purpose: &Purpose) -> String {
        let context = match purpose {
            Purpose::State => "usage-monitor single sign-on: state",
            Purpose::Nonce => "usage-monitor single sign-on: nonce",
            Purpose::Verifier => "usage-monitor single sign-on: verifier",
        };
        URL_SAFE_NO_PAD.encode(blake3::derive_key(context, self.to_string().as_bytes()))
    }
}

impl fmt::Display for Attempt {
    /// As a browser keeps it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}.{}", self.secret, self.begun.millis(), URL_SAFE_NO_PAD.encode(&self.to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Instant = Instant::from_millis(1_795_435_200_000);

    #[test]
    fn an_attempt_survives_its_way_through_a_browser() {
        let attempt = Attempt::begin("/activities?filter=a+b", NOW).unwrap();
        let read = Attempt::read(&attempt.to_string()).unwrap();
        assert_eq!(read, attempt);
        assert!(read.has_state(&attempt.state()));
        for wrong in ["", "a", "a.b.c", "a.1", "a.1.!", "a.1.bb.c"] {
            assert_eq!(Attempt::read(wrong), None, "{wrong}");
        }
        assert_eq!(Attempt::begin(&"/".repeat(2_001), NOW).unwrap().to, "");
    }

    #[test]
    fn it_stands_for_ten_minutes() {
        let attempt = Attempt::begin("/", NOW).unwrap();
        assert!(attempt.stands(NOW) && attempt.stands(NOW.plus_millis(599_999)));
        assert!(!attempt.stands(NOW.plus_millis(600_000)));
        // Not for longer, by saying that it begins later.
        assert!(attempt.stands(NOW.plus_millis(-60_000)) && !attempt.stands(NOW.plus_millis(-60_001)));
    }

    #[test]
    fn whoever_moves_its_beginning_or_its_end_has_another_state() {
        let attempt = Attempt::begin("/", NOW).unwrap();
        let later = Attempt { begun: NOW.plus_millis(1), ..attempt.clone() };
        let elsewhere = Attempt { to: "/members".into(), ..attempt.clone() };
        assert!(!later.has_state(&attempt.state()) && !elsewhere.has_state(&attempt.state()));
        let parts = [attempt.state(), attempt.nonce(), attempt.verifier()];
        assert!(parts.iter().all(|part| parts.iter().filter(|other| part == *other).count() == 1 && part.len() == 43));
    }
}
