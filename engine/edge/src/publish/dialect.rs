//! What is asked of the broker next, learned from how it answered last. Pure.
//!
//! Brokers differ: some speak no MQTT 5, some keep nothing, some take no QoS 1. Each refusal takes
//! away what was refused and nothing else, so that incidents go wherever they can. What was given
//! up is told, and tried again after a connection of some length: a broker may be mended.

use super::link::{Failure, Offer, Wanted};
use super::reason::Then;
use std::time::Duration;
use viahe_core::plan::MqttVersion::{self, V5, V311};

/// MQTT 5 is tried again on the next connection after so long.
const VERSION_AGAIN: Duration = Duration::from_hours(24);

/// A broker that only hung up may have been starting: so often MQTT 5 is tried again at once.
const DOUBTS_MAX: u32 = 3;

/// A client id that every broker of MQTT 3.1.1 must take has at most so many letters and digits.
const SHORT_ID_CHARS: usize = 23;

/// How soon the next connection is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Soon {
    /// What was asked for in vain is known to be needless.
    AtOnce,
    /// After a wait that doubles.
    Usual,
    /// After one that is longer: people have to mend it.
    Slowly,
}

/// What was found out about a broker.
#[derive(Clone, Debug)]
pub(super) struct Dialect {
    /// Fixed by the pipeline file.
    fixed: Option<MqttVersion>,
    version: MqttVersion,
    /// MQTT 5 has worked here.
    five_works: bool,
    /// MQTT 3.1.1 has.
    old_works: bool,
    /// When MQTT 5 was given up.
    fell_back: Option<Duration>,
    /// How often MQTT 5 was tried again without success.
    doubts: u32,
    /// The usual client id and a short one.
    ids: [String; 2],
    id: usize,
    asks: Asks,
    /// The broker refused something on purpose, as opposed to hanging up.
    refused: bool,
}

/// What a broker may lack.
#[derive(Clone, Copy, Debug)]
struct Asks {
    retain: bool,
    at_least_once: bool,
    will: bool,
}

impl Asks {
    const ALL: Self = Self { retain: true, at_least_once: true, will: true };
}

impl Dialect {
    pub(super) fn new(fixed: Option<MqttVersion>, client_id: &str) -> Self {
        Self {
            fixed,
            version: fixed.unwrap_or(V5),
            five_works: false,
            old_works: false,
            fell_back: None,
            doubts: 0,
            ids: [client_id.to_owned(), short_id(client_id)],
            id: 0,
            asks: Asks::ALL,
            refused: false,
        }
    }

    pub(super) fn wanted(&self) -> Wanted {
        Wanted {
            version: self.version,
            client_id: self.ids[self.id].clone(),
            retain: self.asks.retain,
            at_least_once: self.asks.at_least_once,
            will: self.asks.will,
        }
    }

    pub(super) fn version(&self) -> MqttVersion {
        self.version
    }

    /// The broker let us in.
    pub(super) fn connected(&mut self, offer: &Offer, now: Duration) {
        self.five_works |= self.version == V5;
        self.old_works |= self.version == V311;
        match self.version {
            V5 => (self.fell_back, self.doubts) = (None, 0),
            V311 => {
                if self.fixed.is_none() {
                    self.fell_back.get_or_insert(now);
                }
            }
        }
        self.asks.retain &= offer.retain;
        self.asks.at_least_once &= offer.at_least_once;
    }

    /// A connection failed; `up` is whether the broker had let us in. Learns from it, and says how
    /// soon the next one is due.
    pub(super) fn failed(&mut self, failure: &Failure, up: bool) -> Soon {
        let slowly = |useless: bool| if useless { Soon::Slowly } else { Soon::Usual };
        match failure.then(self.version, up) {
            Then::Again => Soon::Usual,
            Then::Slowly => Soon::Slowly,
            Then::OtherVersion => self.other_version(matches!(failure, Failure::Refused(_))),
            Then::OtherId => {
                self.id = 1 - self.id;
                // Both were refused.
                slowly(self.id == 0)
            }
            Then::WithoutRetain => slowly(!std::mem::replace(&mut self.asks.retain, false)),
            Then::AtMostOnce => slowly(!std::mem::replace(&mut self.asks.at_least_once, false)),
            Then::WithoutWill => slowly(!std::mem::replace(&mut self.asks.will, false)),
        }
    }

    /// The version was `refused`, or may be what the broker hung up on.
    fn other_version(&mut self, refused: bool) -> Soon {
        if self.fixed.is_some() || (self.five_works && !refused) {
            return Soon::Usual;
        }
        self.refused |= refused;
        self.version = if self.version == V5 { V311 } else { V5 };
        // It was the one in doubt: rows and commands do not wait for that.
        if self.version == V311 && self.old_works { Soon::AtOnce } else { Soon::Usual }
    }

    /// A connection that had been of use is lost: what was given up is tried again.
    pub(super) fn lost(&mut self, now: Duration) {
        (self.asks, self.id) = (Asks::ALL, 0);
        let Some(since) = self.fell_back else { return };
        let doubtful = !self.refused && self.doubts < DOUBTS_MAX;
        if doubtful || now.saturating_sub(since) >= VERSION_AGAIN {
            self.doubts += 1;
            self.fell_back = None;
            self.version = V5;
        }
    }

    /// What to say about the version that is spoken, if nobody asked for it.
    pub(super) fn fallen_back(&self) -> bool {
        self.fell_back.is_some()
    }

    /// What the broker does not offer, for people: what is lost, and what to do. `centre` is whether the
    /// centre acknowledges by itself.
    pub(super) fn misses(&self, centre: bool) -> Option<String> {
        let mut misses = Vec::new();
        if !self.asks.retain {
            misses.push(
                "it keeps no retained messages, so who connects later does not see how box and \
                 cameras are: allow them at the broker",
            );
        }
        if !self.asks.at_least_once && centre {
            misses.push("it takes no QoS 1, so more incidents are sent twice: allow QoS 1 there");
        } else if !self.asks.at_least_once {
            misses.push(
                "it takes no QoS 1, so an incident counts as delivered once the broker has read \
                 it, and subscribers may miss it: allow QoS 1 at the broker, or set \
                 ack = \"centre\" in [mqtt]",
            );
        }
        if !self.asks.will {
            misses.push(
                "it refused the last will, so nobody is told when the box is lost: allow it on \
                 …/status",
            );
        }
        if self.id == 1 {
            misses.push("it refused the usual client id, so a short one is used: allow the usual");
        }
        (!misses.is_empty())
            .then(|| format!("the broker offers less than it should: {}", misses.join("; ")))
    }
}

/// Letters and digits only, the same for each start of a box.
fn short_id(client_id: &str) -> String {
    let hash = client_id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mut id = format!("viahe{hash:016x}");
    id.truncate(SHORT_ID_CHARS);
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFER: Offer =
        Offer { receive_max: None, packet_bytes_max: None, retain: true, at_least_once: true };

    fn dropped() -> Failure {
        Failure::Dropped("reset".into())
    }

    fn secs(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn a_broker_without_mqtt_5_is_asked_in_3_1_1() {
        for failure in [
            dropped(),
            Failure::Refused(0x84),
            Failure::Refused(0x01),
            Failure::UnknownCode(0x01),
            Failure::Garbled("x".into()),
            Failure::Silent,
        ] {
            let mut dialect = Dialect::new(None, "viahe-hue");
            assert_eq!(dialect.wanted().version, V5);
            assert_eq!(dialect.failed(&failure, false), Soon::Usual);
            assert_eq!(dialect.wanted().version, V311, "{failure:?}");
            dialect.connected(&OFFER, secs(1));
            assert!(dialect.fallen_back());
            // Neither works: both are tried in turn.
            let mut dialect = Dialect::new(None, "viahe-hue");
            dialect.failed(&failure, false);
            dialect.failed(&dropped(), false);
            assert_eq!(dialect.wanted().version, V5, "{failure:?}");
        }
    }

    #[test]
    fn what_says_nothing_of_the_version_does_not_change_it() {
        for failure in [
            Failure::Other("connection refused".into()),
            Failure::Tls("expired".into()),
            Failure::Refused(0x87),
            Failure::Refused(0x88),
            Failure::Refused(0x97),
        ] {
            let mut dialect = Dialect::new(None, "viahe-hue");
            dialect.failed(&failure, false);
            assert_eq!(dialect.wanted().version, V5, "{failure:?}");
        }
        let mut dialect = Dialect::new(None, "viahe-hue");
        dialect.connected(&OFFER, secs(1));
        dialect.failed(&dropped(), true);
        assert_eq!(dialect.wanted().version, V5, "a link that broke");
        dialect.failed(&dropped(), false);
        assert_eq!(dialect.wanted().version, V5, "it has worked before: the broker restarts");
        dialect.failed(&Failure::Refused(0x84), false);
        assert_eq!(dialect.wanted().version, V311, "it was changed, and says so");
    }

    #[test]
    fn a_version_that_is_written_down_stays() {
        for version in [V5, V311] {
            let mut dialect = Dialect::new(Some(version), "viahe-hue");
            for failure in [dropped(), Failure::Refused(0x84), Failure::Refused(1)] {
                dialect.failed(&failure, false);
                dialect.connected(&OFFER, secs(1));
                dialect.lost(secs(1_000_000));
                assert_eq!(dialect.wanted().version, version);
                assert!(!dialect.fallen_back(), "nobody has to be told");
            }
        }
    }

    /// One that was only starting is found out soon, one that never speaks it is not bothered.
    #[test]
    fn mqtt_5_is_tried_again_sparingly() {
        let mut dialect = Dialect::new(None, "viahe-hue");
        let mut tried = 0;
        for n in 0..20 {
            if dialect.wanted().version == V5 {
                tried += 1;
                dialect.failed(&dropped(), false);
            }
            dialect.connected(&OFFER, secs(n));
            dialect.lost(secs(n));
        }
        assert_eq!(tried, 1 + DOUBTS_MAX);
        dialect.lost(secs(100_000));
        assert_eq!(dialect.wanted().version, V5, "a day later");

        let mut plain = Dialect::new(None, "viahe-hue");
        plain.failed(&Failure::Refused(0x84), false);
        plain.connected(&OFFER, secs(1));
        plain.lost(secs(2));
        assert_eq!(plain.wanted().version, V311, "it has said so");
    }

    /// Else each restart of such a broker costs a wait more, and the wait has grown by then.
    #[test]
    fn a_version_that_was_only_in_doubt_costs_no_wait() {
        let mut dialect = Dialect::new(None, "viahe-hue");
        assert_eq!(dialect.failed(&dropped(), false), Soon::Usual, "nothing is known yet");
        dialect.connected(&OFFER, secs(1));
        dialect.lost(secs(20));
        assert_eq!(dialect.wanted().version, V5);
        // The broker is away, then it is starting, then it is there.
        let away = Failure::Other("connection refused".into());
        assert_eq!(dialect.failed(&away, false), Soon::Usual);
        assert_eq!((dialect.failed(&dropped(), false), dialect.version), (Soon::AtOnce, V311));
        assert_eq!((dialect.failed(&dropped(), false), dialect.version), (Soon::Usual, V5));
        assert_eq!((dialect.failed(&dropped(), false), dialect.version), (Soon::AtOnce, V311));
    }

    #[test]
    fn what_is_refused_is_left_out_and_asked_for_again_later() {
        let usual = Dialect::new(None, "viahe-hue").wanted();
        let without = |code, up| {
            let mut dialect = Dialect::new(None, "viahe-hue");
            let failure = if up {
                Failure::Told { code, words: None, elsewhere: None }
            } else {
                Failure::Refused(code)
            };
            assert_eq!(dialect.failed(&failure, up), Soon::Usual, "{code:#04x}");
            let wanted = dialect.wanted();
            assert!(dialect.misses(false).is_some());
            let again = dialect.failed(&failure, up);
            assert_eq!(again, Soon::Slowly, "refused though not asked for: {code:#04x}");
            dialect.lost(secs(9));
            assert_eq!((dialect.wanted(), dialect.misses(false)), (usual.clone(), None));
            wanted
        };
        for up in [false, true] {
            assert_eq!(without(0x9A, up), Wanted { retain: false, ..usual.clone() });
            assert_eq!(without(0x9B, up), Wanted { at_least_once: false, ..usual.clone() });
        }
        assert_eq!(without(0x90, false), Wanted { will: false, ..usual.clone() });
        let id = without(0x85, false).client_id;
        assert!(id.len() <= SHORT_ID_CHARS && id.chars().all(|c| c.is_ascii_alphanumeric()));
        assert_ne!(id, short_id("viahe-hue-wire"));

        let mut poor = Dialect::new(None, "viahe-hue");
        poor.connected(&Offer { retain: false, at_least_once: false, ..OFFER }, secs(1));
        assert!(poor.misses(false).is_some_and(|m| m.contains("retained") && m.contains("QoS 1")));
    }

    #[test]
    fn what_people_must_mend_is_not_hurried() {
        let mut dialect = Dialect::new(None, "viahe-hue");
        let told = |code| Failure::Told { code, words: None, elsewhere: None };
        for failure in [told(0x8E), told(0x9D), told(0x97), Failure::Refused(0x9C)] {
            assert_eq!(dialect.failed(&failure, true), Soon::Slowly, "{failure:?}");
        }
        assert_eq!(dialect.failed(&told(0x8B), true), Soon::Usual);
    }
}
