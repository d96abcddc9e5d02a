//! Guessing of passwords, slowed down by name and by address.
//!
//! Each has a bucket of tries that fills up again with time. A try is taken before the password is looked at, so that
//! many at once count too; the right password gives the name's tries back.
//! Kept in memory: a restart forgets them, and nobody can be locked out for longer than it takes to fill one try.

use super::buckets::{Buckets, Rate};
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

/// Tries of one name, and how long one takes to come back: at most 1,450 guesses a day.
const NAME: Rate = Rate { tries: 10, each: Duration::from_mins(1) };
/// Tries from one address. Behind it may be a whole office.
const ADDRESS: Rate = Rate { tries: 50, each: Duration::from_secs(10) };
/// Who has tried how often.
#[derive(Debug)]
pub(super) struct Guesses {
    names: Buckets<String>,
    addresses: Buckets<IpAddr>,
}

impl Default for Guesses {
    fn default() -> Self {
        Self { names: Buckets::new(NAME), addresses: Buckets::new(ADDRESS) }
    }
}

impl Guesses {
    /// Takes a try of `name` from `address`, at `now` on a clock that never steps.
    ///
    /// # Errors
    /// None is left: how long to wait.
    pub(super) fn try_once(
        &mut self,
        name: &str,
        address: IpAddr,
        now: Duration,
    ) -> Result<(), Duration> {
        let (name, address) = (name_of(name), network(address));
        let wait = self.names.wait(&name, now).max(self.addresses.wait(&address, now));
        if !wait.is_zero() {
            return Err(wait);
        }
        self.names.take(name, now);
        self.addresses.take(address, now);
        Ok(())
    }

    /// It was the right password.
    pub(super) fn right(&mut self, name: &str, address: IpAddr) {
        self.names.forgive(&name_of(name));
        self.addresses.give_back(&network(address));
    }
}

/// All that cannot be a name are one.
fn name_of(said: &str) -> String {
    let is_name = viahe_contract::id::Name::try_from(said).is_ok();
    if is_name { said.to_owned() } else { String::new() }
}

/// Whoever has one address of version 6 has 2^64 of them.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::super::buckets::REMEMBERED;
    use super::*;

    fn address(n: u32) -> IpAddr {
        IpAddr::V4(n.into())
    }

    const fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn a_name_is_tried_ten_times_and_then_once_a_minute() {
        let mut guesses = Guesses::default();
        let now = secs(1_000);
        for n in 0..10 {
            assert_eq!(guesses.try_once("nguyen-an", address(n), now), Ok(()));
        }
        let again = |guesses: &mut Guesses, at| guesses.try_once("nguyen-an", address(99), at);
        assert_eq!(again(&mut guesses, now), Err(secs(60)), "from wherever");
        assert_eq!(guesses.try_once("tran-binh", address(99), now), Ok(()));
        assert_eq!(again(&mut guesses, now + secs(59)), Err(secs(1)));
        assert_eq!(again(&mut guesses, now + secs(60)), Ok(()));
        assert_eq!(again(&mut guesses, now + secs(60)), Err(secs(60)));
        // A day of trying.
        let day = (0..86_400).filter(|s| again(&mut guesses, secs(2_000 + s)).is_ok()).count();
        assert!((1_440..=1_450).contains(&day), "{day}");
    }

    #[test]
    fn the_right_password_gives_the_tries_back() {
        let mut guesses = Guesses::default();
        for n in 0..200 {
            assert_eq!(guesses.try_once("nguyen-an", address(1), secs(5)), Ok(()), "{n}");
            guesses.right("nguyen-an", address(1));
        }
    }

    #[test]
    fn an_address_is_limited_whatever_it_guesses() {
        let mut guesses = Guesses::default();
        for n in 0..50 {
            assert_eq!(guesses.try_once(&format!("name-{n}"), address(1), secs(0)), Ok(()));
        }
        assert_eq!(guesses.try_once("name-50", address(1), secs(0)), Err(secs(10)));
        assert_eq!(guesses.try_once("name-50", address(2), secs(0)), Ok(()));
        // One that is mapped is the same; of version 6 a whole network is.
        let mapped = "::ffff:0.0.0.1".parse().unwrap();
        assert_eq!(guesses.try_once("name-51", mapped, secs(0)), Err(secs(10)));
        for n in 0..50_u32 {
            let one = format!("2001:db8::{n:x}").parse().unwrap();
            assert_eq!(guesses.try_once(&format!("other-{n}"), one, secs(0)), Ok(()));
        }
        let last = "2001:db8::ffff:0:0:1".parse().unwrap();
        assert_eq!(guesses.try_once("other-50", last, secs(0)), Err(secs(10)));
    }

    #[test]
    fn what_cannot_be_a_name_is_one_name_and_memory_is_bounded() {
        let mut guesses = Guesses::default();
        for n in 0..10 {
            assert_eq!(guesses.try_once(&"x".repeat(41 + n), address(n as u32), secs(0)), Ok(()));
        }
        assert_eq!(guesses.try_once("' OR 1=1", address(20), secs(0)), Err(secs(60)));
        for n in 0..30_000 {
            let tried = guesses.try_once(&format!("name-{n}"), address(1_000 + n), secs(0));
            assert_eq!(tried, Ok(()));
        }
        assert!(guesses.names.len() <= REMEMBERED);
        assert!(guesses.addresses.len() <= REMEMBERED);
        // Who owes most is not forgotten for it.
        assert!(guesses.try_once("", address(20), secs(0)).is_err());
    }
}
