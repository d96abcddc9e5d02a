//! How much may wait for the store.
//!
//! A broker is asked to hold back all but so many messages until they are acknowledged. It does not with QoS 0, and
//! mosquitto 2.0 sends as many again after each acknowledgement (`findings/receive-maximum.sh`), so that what waited
//! while the console was away comes nearly at once. The library cannot be told to read less without writing less, so
//! acknowledgements would wait for themselves. So there is room for a burst. What comes beyond it with QoS 0 is dropped:
//! counted, told, and said again by boxes that want an acknowledgement of the centre. All else ends the session, and
//! comes again in the next one.

use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::Publish;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// KiB of messages, each taken for one at least, of either sort: ten seconds of 200 boxes that say five incidents a
/// second each three times over.
const KIB_MAX: u32 = 32 << 10;
/// Messages that may wait, when all are small.
pub(super) const PLACES: usize = 2 * KIB_MAX as usize;

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
    /// For what is to be acknowledged.
    to_acknowledge: Arc<Semaphore>,
    /// For what comes with QoS 0: it takes no place from the others.
    at_most_once: Arc<Semaphore>,
}

impl Room {
    pub(super) fn new() -> Self {
        let [to_acknowledge, at_most_once] =
            [KIB_MAX; 2].map(|kib| Arc::new(Semaphore::new(kib as usize)));
        Self { to_acknowledge, at_most_once }
    }

    /// Lets a message wait; none when there is no room.
    pub(super) fn let_in(&self, publish: Publish) -> Option<Waiting> {
        let room = match publish.qos {
            QoS::AtMostOnce => &self.at_most_once,
            QoS::AtLeastOnce | QoS::ExactlyOnce => &self.to_acknowledge,
        };
        let place = Arc::clone(room).try_acquire_many_owned(kib(&publish)).ok()?;
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
    fn there_is_room_for_so_many_bytes_of_either_sort() {
        let room = Room::new();
        let large = || room.let_in(message(QoS::AtMostOnce, (1 << 20) - 1));
        let mut waiting: Vec<Waiting> = (0..32).map(|_| large().unwrap()).collect();
        assert!(room.let_in(message(QoS::AtMostOnce, 0)).is_none());
        // What is to be acknowledged has a room of its own.
        let counted = || room.let_in(message(QoS::AtLeastOnce, (1 << 20) - 1));
        assert_eq!(std::iter::from_fn(counted).take(100).collect::<Vec<_>>().len(), 32);
        assert_eq!(waiting.pop().unwrap().taken().payload.len(), (1 << 20) - 1);
        let small = || room.let_in(message(QoS::AtMostOnce, 0));
        assert_eq!(std::iter::from_fn(small).take(2_000).collect::<Vec<_>>().len(), 1 << 10);
    }
}
