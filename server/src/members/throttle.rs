//! How many wrong passwords are verified, and how many codes of nobody asked about: a few at once, then one a minute. The
//! time is passed in.

use model::instant::Instant;
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

/// How many wrong passwords in a row are verified.
const AT_ONCE: i64 = 10;

/// How long until another one is, in milliseconds.
const EACH: i64 = 60_000;

/// Above so many holders those that have their whole allowance are forgotten.
const REMEMBERED: usize = 10_000;

/// Who has an allowance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Holder {
    /// Whoever tries this name, from wherever.
    Name([u8; 32]),
    /// Whoever tries from this address, whatever name.
    Address(IpAddr),
    /// Whoever comes back from a provider of single sign-on to this address. What fails there stops no password, and the
    /// reverse.
    #[cfg(feature = "oidc")]
    Arrival(IpAddr),
    /// A browser its member has signed in with before: what others try is nothing to it.
    Device([u8; 32]),
    /// A member who is signed in and types the password again.
    Session(i64),
}

impl Holder {
    /// The holder for an address.
    pub(super) fn of_address(address: IpAddr) -> Self {
        Self::Address(household(address))
    }

    /// The holder for whoever comes back to an address.
    #[cfg(feature = "oidc")]
    pub(super) fn of_arrival(address: IpAddr) -> Self {
        Self::Arrival(household(address))
    }
}

/// An address; of version 6, the network of one household or company.
fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
    }
}

/// The allowances. Cheap to clone; all clones count together. Each server counts by itself.
#[derive(Clone, Default)]
pub(super) struct Throttle(Arc<Mutex<HashMap<Holder, Instant>>>);

impl Throttle {
    /// Takes one from the allowance of each holder, before it is found out whether they are right, so that many at once are
    /// no way around it. Where one has none left nothing is taken, and the error says in how many seconds it will have.
    pub(super) fn take(&self, holders: &[Holder], now: Instant) -> Result<(), u64> {
        // When a holder has its whole allowance again. What is kept is whole, whatever happened to whoever held it.
        let mut whole_at = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if whole_at.len() > REMEMBERED {
            whole_at.retain(|_, whole_at| *whole_at > now);
        }
        let later = |holder: &Holder| {
            let whole_at = whole_at.get(holder).map_or(now, |whole_at| now.max(*whole_at));
            (*holder, whole_at.plus_millis(EACH))
        };
        let later: Vec<(Holder, Instant)> = holders.iter().map(later).collect();
        let latest = now.plus_millis(AT_ONCE * EACH);
        let late = later.iter().map(|(_, at)| at.millis() - latest.millis()).max().unwrap_or(0);
        if late > 0 {
            return Err(u64::try_from(late).unwrap_or(0).div_ceil(1000));
        }
        whole_at.extend(later);
        Ok(())
    }

    /// Gives back what was taken: nothing was wrong, or nothing that the holders are to blame for.
    pub(super) fn give_back(&self, holders: &[Holder]) {
        let mut whole_at = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for holder in holders {
            if let Some(whole_at) = whole_at.get_mut(holder) {
                *whole_at = whole_at.plus_millis(-EACH);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Instant = Instant::from_millis(1_795_435_200_000);

    #[test]
    fn ten_wrong_passwords_are_verified_and_then_one_a_minute() {
        let throttle = Throttle::default();
        let holders = [Holder::Name([1; 32]), Holder::of_address([192, 0, 2, 1].into())];
        let verified = (0..100).filter(|_| throttle.take(&holders, START).is_ok()).count();
        assert_eq!(verified, 10);
        assert_eq!(throttle.take(&holders, START.plus_millis(500)), Err(60));
        assert_eq!(throttle.take(&holders, START.plus_millis(59_000)), Err(1));
        assert_eq!(throttle.take(&holders, START.plus_millis(60_000)), Ok(()));
        assert_eq!(throttle.take(&holders, START.plus_millis(60_000)), Err(60));
    }

    #[test]
    fn what_is_tried_elsewhere_is_nothing_to_a_known_browser() {
        let throttle = Throttle::default();
        let holders = |last| [Holder::Name([1; 32]), Holder::of_address([192, 0, 2, last].into())];
        let verified = (0..100).filter(|last| throttle.take(&holders(*last), START).is_ok()).count();
        assert_eq!(verified, 10);
        assert_eq!(throttle.take(&[Holder::Device([2; 32])], START), Ok(()));
        let other_name = [Holder::Name([3; 32]), Holder::of_address([192, 0, 2, 1].into())];
        assert_eq!(throttle.take(&other_name, START), Ok(()));
    }

    #[test]
    fn a_right_password_takes_nothing() {
        let throttle = Throttle::default();
        let holders = [Holder::Session(7)];
        for _ in 0..100 {
            assert_eq!(throttle.take(&holders, START), Ok(()));
            throttle.give_back(&holders);
        }
    }

    #[test]
    fn a_network_of_version_6_is_one_address() {
        let of = |text: &str| Holder::of_address(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2:3::4"), of("2001:db8:1:2:ffff::1"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    }
}
