//! How much may wait for the store.
//!
//! Of what is to be acknowledged the broker holds back all but so many messages. With QoS 0 it holds back nothing, and the
//! library cannot be told to read less without writing less, so acknowledgements of boxes would wait for themselves. So
//! there is room for a burst, and what comes beyond it is dropped: counted, told, and said again by boxes that want an
//! acknowledgement of the centre.

use super::options::UNACKNOWLEDGED_MAX;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::Publish;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// KiB of messages with QoS 0, each taken for one at least: ten seconds of 200 boxes that say five incidents a second
/// each three times over.
const UNASKED_KIB_MAX: u32 = 32 << 10;

/// Messages that may wait, when all are small.
pub(super) const PLACES: usize = COUNTED_MAX + UNASKED_KIB_MAX as usize;
/// Those that the broker counts, and one to see that it counts.
const COUNTED_MAX: usize = UNACKNOWLEDGED_MAX as usize + 1;

/// A message that waits.
#[derive(Debug)]
pub(super) struct Waiting {
    publish: Publish,
    _place: OwnedSemaphorePermit,
}

impl Waiting {
    /// It waits no more.
    pub(super) fn taken(self) -> Publish {
        self.publish
    }
}

/// Where messages wait.
#[derive(Debug)]
pub(super) struct Room {
    /// Those that the broker counts.
    counted: Arc<Semaphore>,
    /// KiB of the others.
    uncounted: Arc<Semaphore>,
}

impl Room {
    pub(super) fn new() -> Self {
        let counted = Arc::new(Semaphore::new(COUNTED_MAX));
        Self { counted, uncounted: Arc::new(Semaphore::new(UNASKED_KIB_MAX as usize)) }
    }

    /// Lets a message wait; none when there is no room.
    pub(super) fn let_in(&self, publish: Publish) -> Option<Waiting> {
        let (room, places) = match publish.qos {
            QoS::AtMostOnce => (&self.uncounted, kib(&publish)),
            QoS::AtLeastOnce | QoS::ExactlyOnce => (&self.counted, 1),
        };
        let place = Arc::clone(room).try_acquire_many_owned(places).ok()?;
        Some(Waiting { publish, _place: place })
    }
}

fn kib(publish: &Publish) -> u32 {
    let bytes = publish.topic.len() + publish.payload.len();
    u32::try_from(bytes.div_ceil(1 << 10)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(qos: QoS, bytes: usize) -> Publish {
        Publish::new("t", qos, vec![b'x'; bytes], None)
    }

    #[test]
    fn there_is_room_for_so_many_bytes_and_for_what_the_broker_may_send() {
        let room = Room::new();
        let large = || room.let_in(message(QoS::AtMostOnce, (1 << 20) - 1));
        let mut waiting: Vec<Waiting> = (0..32).map(|_| large().unwrap()).collect();
        assert!(room.let_in(message(QoS::AtMostOnce, 0)).is_none());
        // What the broker counts has a room of its own.
        let counted = || room.let_in(message(QoS::AtLeastOnce, 1 << 20));
        let there: Vec<Waiting> = std::iter::from_fn(counted).collect();
        assert_eq!(there.len(), COUNTED_MAX);
        assert_eq!(waiting.pop().unwrap().taken().payload.len(), (1 << 20) - 1);
        let small = || room.let_in(message(QoS::AtMostOnce, 0));
        assert_eq!(std::iter::from_fn(small).take(2_000).collect::<Vec<_>>().len(), 1 << 10);
    }
}
