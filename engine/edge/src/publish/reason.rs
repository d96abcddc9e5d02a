//! What a broker's reason codes mean for us: one table for each kind of answer.
//!
//! The names and numbers are those of MQTT 5, section 2.4, and MQTT 3.1.1, table 3.1. A code that
//! neither knows is taken as one that may pass: nothing is deleted or set aside for it.

use viahe_core::plan::MqttVersion;

/// What becomes of a row that the broker answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// The broker has it.
    Taken,
    /// The broker has it, and nobody to give it to: it is gone there.
    Unheard,
    /// The broker takes nothing on this topic from us.
    Denied,
    /// Not this message, not now.
    Later,
    /// Not this message, never.
    Never,
}

/// What a PUBACK means.
pub(super) fn puback(code: u8) -> Fate {
    match code {
        0x00 => Fate::Taken,
        0x10 => Fate::Unheard,
        0x87 => Fate::Denied,
        // Topic name invalid, packet too large (mosquitto says so here), payload format invalid;
        // malformed and protocol error are of the message too, as no other packet is answered so.
        0x81 | 0x82 | 0x90 | 0x95 | 0x99 => Fate::Never,
        _ => Fate::Later,
    }
}

/// What a SUBACK means for its filter: heard or not.
pub(super) fn suback(code: u8) -> bool {
    code <= 2
}

/// What to do about a subscription that was refused.
pub(super) fn suback_remedy(code: u8) -> &'static str {
    match code {
        0x8F => "the broker does not take this filter; write another topic",
        0x97 => "allow this client more subscriptions at the broker",
        0x9E | 0xA1 | 0xA2 => "the broker does not offer this kind; name each topic in full",
        // 3.1.1 says 0x80 for everything, mostly for missing rights.
        _ => "allow this client to read the topic at the broker",
    }
}

/// What to change before the next connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// Nothing: it may pass.
    Again,
    /// Nothing, and not soon: only people can mend it.
    Slowly,
    /// Speak the other version.
    OtherVersion,
    /// Use the other client id.
    OtherId,
    /// Ask for nothing to be kept.
    WithoutRetain,
    /// Send with QoS 0.
    AtMostOnce,
    /// Leave no last will.
    WithoutWill,
}

/// A refusal of a connection, or its end by the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// What the broker says, completing "the broker …".
    pub(super) says: &'static str,
    /// What people can do.
    pub(super) remedy: &'static str,
    /// What we do.
    pub(super) then: Then,
}

const fn refusal(says: &'static str, remedy: &'static str, then: Then) -> Refusal {
    Refusal { says, remedy, then }
}

const LOG: &str = "look into its log";
const LOGIN: Refusal =
    refusal("refused the login", "check username and password in [mqtt]", Then::Again);
const CLIENT_ID: Refusal = refusal(
    "refused the client id",
    "allow it, or the short one that is tried instead, at the broker",
    Then::OtherId,
);
const BUSY: Refusal =
    refusal("is not available now", "nothing; it is tried again and again", Then::Again);
const VERSION: Refusal = refusal(
    "does not speak this version of MQTT",
    "set version in [mqtt] to one that it speaks",
    Then::OtherVersion,
);
const MOVED: Refusal = refusal(
    "has moved, and sends its clients to another server",
    "ask who runs it for the new address, and set url in [mqtt]",
    Then::Slowly,
);
const QUOTA: Refusal = refusal(
    "says that a quota of this client is used up",
    "raise the quota at the broker, or wait until it is given anew",
    Then::Slowly,
);
const NO_RETAIN: Refusal = refusal(
    "keeps no retained messages",
    "allow them at the broker; without, who connects later does not see how box and cameras are",
    Then::WithoutRetain,
);
const QOS_ZERO: Refusal = refusal(
    "takes no message with QoS 1",
    "allow QoS 1 at the broker, or set ack = \"centre\" in [mqtt]",
    Then::AtMostOnce,
);

/// What a CONNACK other than success means.
pub(super) fn connack(version: MqttVersion, code: u8) -> Refusal {
    match (version, code) {
        (MqttVersion::V311, 0x01) | (MqttVersion::V5, 0x01 | 0x81 | 0x82 | 0x84) => VERSION,
        (MqttVersion::V311, 0x02) | (MqttVersion::V5, 0x85) => CLIENT_ID,
        (MqttVersion::V311, 0x03) | (MqttVersion::V5, 0x88 | 0x89) => BUSY,
        (MqttVersion::V311, 0x04 | 0x05) | (MqttVersion::V5, 0x86 | 0x87) => LOGIN,
        (MqttVersion::V5, 0x8A) => {
            refusal("has banned this client", "lift the ban at the broker", Then::Slowly)
        }
        (MqttVersion::V5, 0x8C) => refusal(
            "wants another way to log in",
            "let the broker take a user name and a password, or a certificate",
            Then::Slowly,
        ),
        // The only topic and payload of a CONNECT are those of its will.
        (MqttVersion::V5, 0x90 | 0x95 | 0x99) => refusal(
            "refused the last will",
            "allow it on …/status; without, the broker does not tell when the box is lost",
            Then::WithoutWill,
        ),
        (MqttVersion::V5, 0x97) => QUOTA,
        (MqttVersion::V5, 0x9A) => NO_RETAIN,
        (MqttVersion::V5, 0x9B) => QOS_ZERO,
        (MqttVersion::V5, 0x9C | 0x9D) => MOVED,
        (MqttVersion::V5, 0x9F) => {
            refusal("is connected to too often", "raise the limit at the broker", Then::Slowly)
        }
        _ => refusal("refused the connection", LOG, Then::Again),
    }
}

/// Whose fault the end of a connection may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blame {
    /// A message: it will never pass.
    Message,
    /// A message, or what we may do: it may pass later.
    Rights,
    /// Unknown: a bad link, a bad message, or a bad mood.
    Unknown,
    /// No message.
    Nobody,
}

/// What a DISCONNECT of the broker means.
pub(super) fn disconnect(code: u8) -> (Refusal, Blame) {
    let again = |says, remedy| refusal(says, remedy, Then::Again);
    match code {
        0x00 | 0x04 => (again("closed the connection", LOG), Blame::Nobody),
        0x81 | 0x82 | 0x90 | 0x95 | 0x99 => (again("does not take a message", LOG), Blame::Message),
        0x87 => {
            let remedy = "allow this client to write and read below its viahe/v1/… topics";
            (again("closed the connection for want of rights", remedy), Blame::Rights)
        }
        0x89 | 0x8B | 0xA0 => (BUSY, Blame::Nobody),
        0x8D => (again("heard nothing from the box for too long", LOG), Blame::Nobody),
        0x8E => {
            let says = "has given the client id of this box to another client";
            let remedy = "two boxes with one [site] id take the line from each other; give each \
                          its own";
            (refusal(says, remedy, Then::Slowly), Blame::Nobody)
        }
        0x93 | 0x96 => {
            let says = "is sent more at once than it takes";
            (refusal(says, "raise the limit at the broker", Then::Slowly), Blame::Nobody)
        }
        0x97 => (QUOTA, Blame::Rights),
        0x98 => (again("closed the connection by hand", "ask who runs it"), Blame::Nobody),
        0x9A => (NO_RETAIN, Blame::Nobody),
        0x9B => (QOS_ZERO, Blame::Nobody),
        0x9C | 0x9D => (MOVED, Blame::Nobody),
        0x8F | 0x94 | 0x9E | 0xA1 | 0xA2 => {
            (again("does not offer what was asked for", LOG), Blame::Nobody)
        }
        0x9F => (
            refusal("is connected to too often", "raise the limit at the broker", Then::Slowly),
            Blame::Nobody,
        ),
        _ => (again("closed the connection", LOG), Blame::Unknown),
    }
}

/// A packet is larger than the broker takes.
pub(super) const TOO_LARGE: u8 = 0x95;

/// The session was taken over by another client.
pub(super) const TAKEN_OVER: u8 = 0x8E;

/// A code in words.
pub(super) fn name(code: u8) -> &'static str {
    match code {
        0x00 => "success",
        0x04 => "disconnect with will",
        0x10 => "no matching subscribers",
        0x80 => "unspecified error",
        0x81 => "malformed packet",
        0x82 => "protocol error",
        0x83 => "implementation specific error",
        0x84 => "unsupported protocol version",
        0x85 => "client identifier not valid",
        0x86 => "bad user name or password",
        0x87 => "not authorised",
        0x88 => "server unavailable",
        0x89 => "server busy",
        0x8A => "banned",
        0x8B => "server shutting down",
        0x8C => "bad authentication method",
        0x8D => "keep alive timeout",
        0x8E => "session taken over",
        0x8F => "topic filter invalid",
        0x90 => "topic name invalid",
        0x91 => "packet identifier in use",
        0x93 => "receive maximum exceeded",
        0x94 => "topic alias invalid",
        0x95 => "packet too large",
        0x96 => "message rate too high",
        0x97 => "quota exceeded",
        0x98 => "administrative action",
        0x99 => "payload format invalid",
        0x9A => "retain not supported",
        0x9B => "QoS not supported",
        0x9C => "use another server",
        0x9D => "server moved",
        0x9E => "shared subscriptions not supported",
        0x9F => "connection rate exceeded",
        0xA0 => "maximum connect time",
        0xA1 => "subscription identifiers not supported",
        0xA2 => "wildcard subscriptions not supported",
        _ => "a code that MQTT does not know",
    }
}

/// A code in words and as its number, for messages.
pub(super) fn told(code: u8) -> String {
    format!("{} (0x{code:02X})", name(code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use MqttVersion::{V5, V311};

    /// Only success deletes, and only what is wrong with the message itself sets it aside.
    #[test]
    fn every_code_of_a_puback_is_decided() {
        for code in 0..=u8::MAX {
            let want = match code {
                0x00 => Fate::Taken,
                0x10 => Fate::Unheard,
                0x87 => Fate::Denied,
                0x81 | 0x82 | 0x90 | 0x95 | 0x99 => Fate::Never,
                _ => Fate::Later,
            };
            assert_eq!(puback(code), want, "{code:#04x}");
        }
        // By name: what a broker may change its mind about is never set aside.
        for code in [0x80, 0x83, 0x87, 0x89, 0x8B, 0x91, 0x96, 0x97, 0xFF] {
            assert_ne!(puback(code), Fate::Never, "{}", name(code));
            assert_ne!(puback(code), Fate::Taken, "{}", name(code));
        }
    }

    #[test]
    fn every_code_of_a_suback_is_decided() {
        for code in 0..=u8::MAX {
            assert_eq!(suback(code), code < 3, "{code:#04x}");
            assert!(code < 3 || !suback_remedy(code).is_empty());
        }
    }

    #[test]
    fn every_code_of_a_connack_is_decided() {
        for (version, code, then) in [
            (V5, 0x84, Then::OtherVersion),
            (V5, 0x85, Then::OtherId),
            (V5, 0x87, Then::Again),
            (V5, 0x88, Then::Again),
            (V5, 0x8A, Then::Slowly),
            (V5, 0x90, Then::WithoutWill),
            (V5, 0x97, Then::Slowly),
            (V5, 0x9A, Then::WithoutRetain),
            (V5, 0x9B, Then::AtMostOnce),
            (V5, 0x9C, Then::Slowly),
            (V5, 0x9D, Then::Slowly),
            (V311, 0x01, Then::OtherVersion),
            (V311, 0x02, Then::OtherId),
            (V311, 0x03, Then::Again),
            (V311, 0x05, Then::Again),
        ] {
            assert_eq!(connack(version, code).then, then, "{version:?} {code:#04x}");
        }
        for code in 1..=u8::MAX {
            for version in [V5, V311] {
                let Refusal { says, remedy, .. } = connack(version, code);
                assert!(!says.is_empty() && !remedy.is_empty(), "{version:?} {code:#04x}");
            }
        }
    }

    #[test]
    fn every_code_of_a_disconnect_is_decided() {
        for code in 0..=u8::MAX {
            let (refusal, blame) = disconnect(code);
            assert!(!refusal.says.is_empty() && !refusal.remedy.is_empty(), "{code:#04x}");
            let message = matches!(code, 0x81 | 0x82 | 0x90 | 0x95 | 0x99);
            assert_eq!(blame == Blame::Message, message, "{}", name(code));
        }
        assert_eq!(disconnect(0x97).1, Blame::Rights, "a quota passes");
        assert_eq!(disconnect(0x87).1, Blame::Rights);
        assert_eq!(disconnect(TAKEN_OVER).0.then, Then::Slowly);
        assert_eq!(disconnect(0x80).1, Blame::Unknown);
        assert_eq!(disconnect(0x9A).0.then, Then::WithoutRetain);
        assert_eq!(disconnect(0x9B).0.then, Then::AtMostOnce);
    }
}
