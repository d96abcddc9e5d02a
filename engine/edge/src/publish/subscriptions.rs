//! Which topics the broker lets us hear: asked for one by one, so that an answer names its topic. Pure.

use super::reason;
use std::time::Duration;

/// A subscription that was refused is asked for again after so long.
const AGAIN: Duration = Duration::from_mins(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Wanted,
    Asked,
    Granted,
    /// With this code; `deadly`: the connection ended over it.
    Refused {
        code: u8,
        until: Duration,
        deadly: bool,
    },
}

/// The subscriptions of a connection.
#[derive(Debug)]
pub(super) struct Subscriptions {
    filters: Vec<(String, State)>,
}

impl Subscriptions {
    pub(super) fn new(filters: impl IntoIterator<Item = String>) -> Self {
        Self { filters: filters.into_iter().map(|filter| (filter, State::Wanted)).collect() }
    }

    /// A new connection: everything is to be asked for, but for what would end it too.
    pub(super) fn connected(&mut self) {
        for (_, state) in &mut self.filters {
            if !matches!(state, State::Refused { deadly: true, .. }) {
                *state = State::Wanted;
            }
        }
    }

    /// The next one to ask for, if none is being asked for.
    pub(super) fn next(&mut self, now: Duration) -> Option<&str> {
        if self.filters.iter().any(|(_, state)| *state == State::Asked) {
            return None;
        }
        let wanted = |state: &State| match state {
            State::Wanted => true,
            State::Refused { until, .. } => *until <= now,
            State::Asked | State::Granted => false,
        };
        let (filter, state) = self.filters.iter_mut().find(|(_, state)| wanted(state))?;
        *state = State::Asked;
        Some(filter)
    }

    /// The broker answered what was asked for last. Says whether it was granted.
    pub(super) fn answered(&mut self, code: u8, now: Duration) -> bool {
        let granted = reason::suback(code);
        let refused = State::Refused { code, until: now + AGAIN, deadly: false };
        self.decide(if granted { State::Granted } else { refused });
        granted
    }

    /// The connection ended, with this code, while one was being asked for.
    pub(super) fn died(&mut self, code: u8, now: Duration) {
        self.decide(State::Refused { code, until: now + AGAIN, deadly: true });
    }

    fn decide(&mut self, decided: State) {
        for (_, state) in self.filters.iter_mut().filter(|(_, state)| *state == State::Asked) {
            *state = decided;
        }
    }

    /// Everything asked for was granted.
    pub(super) fn all_granted(&self) -> bool {
        self.filters.iter().all(|(_, state)| *state == State::Granted)
    }

    /// What the broker does not let us hear, for people; none when it lets us hear everything.
    pub(super) fn refused(&self) -> Option<String> {
        let mut refused = self.filters.iter().filter_map(|(filter, state)| match state {
            State::Refused { code, .. } => Some((filter, *code)),
            _ => None,
        });
        let (filter, code) = refused.next()?;
        let others = match refused.count() {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        let (why, remedy) = (reason::told(code), reason::suback_remedy(code));
        // Said with 0x80, as in 3.1.1 there is nothing else.
        let odd = if matches!(code, 0x80 | 0x8F) && filter.contains(['.', ' ']) {
            ", or have its sensor use another: some (NATS before 2.10) take no \".\" and no space"
        } else {
            ""
        };
        Some(format!(
            "the broker refused the subscription to {filter}{others}: {why}; {remedy}{odd}"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn a_refusal_names_its_topic_and_is_asked_for_again() {
        for code in [0x80, 0x83, 0x87, 0x8F, 0x97, 0xA2, 0xFF] {
            let mut subscriptions = Subscriptions::new(["a".to_owned(), "b".to_owned()]);
            subscriptions.connected();
            assert_eq!(subscriptions.next(secs(0)), Some("a"));
            assert_eq!(subscriptions.next(secs(0)), None, "one by one");
            assert!(subscriptions.answered(1, secs(0)));
            assert_eq!(subscriptions.next(secs(0)), Some("b"));
            assert!(!subscriptions.answered(code, secs(0)), "{code:#04x}");
            let told = subscriptions.refused().unwrap();
            assert!(told.contains("to b:") && told.contains(reason::name(code)), "{told}");
            assert!(!subscriptions.all_granted());
            assert_eq!(subscriptions.next(secs(59)), None);
            assert_eq!(subscriptions.next(secs(60)), Some("b"));
            assert!(subscriptions.answered(0, secs(60)));
            assert!(subscriptions.all_granted() && subscriptions.refused().is_none());
        }
    }

    #[test]
    fn letters_that_some_brokers_do_not_take_are_named() {
        for (filter, code, named) in [
            ("s/gauge.1/v", 0x80, true),
            ("s/gauge 1/v", 0x8F, true),
            ("s/gauge-1/v", 0x80, false),
            ("s/gauge.1/v", 0x87, false),
        ] {
            let mut subscriptions = Subscriptions::new([filter.to_owned()]);
            subscriptions.connected();
            subscriptions.next(secs(0));
            subscriptions.answered(code, secs(0));
            let told = subscriptions.refused().unwrap();
            assert_eq!(told.contains("no space"), named, "{told}");
        }
    }

    /// Else it would end each connection, and nothing else would ever be heard.
    #[test]
    fn what_ended_a_connection_is_left_out_of_the_next() {
        let mut subscriptions = Subscriptions::new(["a".to_owned(), "b".to_owned()]);
        subscriptions.connected();
        assert_eq!(subscriptions.next(secs(0)), Some("a"));
        subscriptions.died(0x87, secs(0));
        subscriptions.connected();
        assert_eq!(subscriptions.next(secs(1)), Some("b"));
        subscriptions.answered(1, secs(1));
        assert_eq!(subscriptions.next(secs(2)), None);
        assert_eq!(subscriptions.next(secs(61)), Some("a"));
    }
}
