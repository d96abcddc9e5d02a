//! Which way media is asked for: what worked last, else TCP first.

use viahe_contract::message::Carrier;
use viahe_core::plan::Transport;

/// A way that worked is left after so many connections over it without media.
const BARREN_MAX: u32 = 3;

/// What a connection has shown of the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// Pictures came.
    Pictures,
    /// The camera does not offer it.
    Refused,
    /// The camera agreed to send, and nothing came.
    Barren,
    /// Nothing.
    Nothing,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// As with any fault.
    Wait,
    /// Try the other way at once.
    Other,
    /// The camera has refused both.
    NoneLeft,
}

/// The way of one camera; outlives its connections.
#[derive(Debug)]
pub(super) struct Carriers {
    wanted: Transport,
    now: Carrier,
    proven: bool,
    other_refused: bool,
    barren: u32,
}

impl Carriers {
    pub(super) fn new(wanted: Transport) -> Self {
        let now = if wanted == Transport::Udp { Carrier::Udp } else { Carrier::Tcp };
        Self { wanted, now, proven: false, other_refused: false, barren: 0 }
    }

    /// The way to ask for.
    pub(super) fn now(&self) -> Carrier {
        self.now
    }

    /// Draws the lesson of a connection.
    pub(super) fn learn(&mut self, shown: Shown) -> Next {
        let chooses = self.wanted == Transport::Auto;
        match shown {
            Shown::Pictures => {
                (self.proven, self.other_refused, self.barren) = (true, false, 0);
                Next::Wait
            }
            Shown::Refused if chooses => {
                let none_left = self.other_refused;
                self.switch();
                self.other_refused = !none_left;
                if none_left { Next::NoneLeft } else { Next::Other }
            }
            Shown::Barren if chooses => {
                self.barren += 1;
                if !self.proven || self.barren >= BARREN_MAX {
                    self.switch();
                }
                Next::Wait
            }
            _ => Next::Wait,
        }
    }

    fn switch(&mut self) {
        self.now = match self.now {
            Carrier::Tcp => Carrier::Udp,
            Carrier::Udp => Carrier::Tcp,
        };
        (self.proven, self.other_refused, self.barren) = (false, false, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Carrier::{Tcp, Udp};
    use Shown::{Barren, Nothing, Pictures, Refused};

    #[test]
    fn what_is_asked_for_next() {
        let cases: [(&str, Transport, &[Shown], Next, Carrier); 10] = [
            ("TCP first", Transport::Auto, &[Nothing], Next::Wait, Tcp),
            ("UDP only", Transport::Auto, &[Refused], Next::Other, Udp),
            ("remembered", Transport::Auto, &[Refused, Pictures, Nothing], Next::Wait, Udp),
            ("neither", Transport::Auto, &[Refused, Refused], Next::NoneLeft, Tcp),
            ("and again", Transport::Auto, &[Refused, Refused, Refused], Next::Other, Udp),
            ("changed", Transport::Auto, &[Refused, Pictures, Refused], Next::Other, Tcp),
            ("TCP without media", Transport::Auto, &[Barren], Next::Wait, Udp),
            ("a hiccup", Transport::Auto, &[Pictures, Barren, Barren], Next::Wait, Tcp),
            ("no hiccup", Transport::Auto, &[Pictures, Barren, Barren, Barren], Next::Wait, Udp),
            ("fixed", Transport::Udp, &[Refused, Barren], Next::Wait, Udp),
        ];
        for (name, wanted, shown, next, now) in cases {
            let mut carriers = Carriers::new(wanted);
            let last = shown.iter().map(|s| carriers.learn(*s)).last();
            assert_eq!((last, carriers.now()), (Some(next), now), "{name}");
        }
    }
}
