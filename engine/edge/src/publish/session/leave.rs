//! Stopping: deliver what can be delivered, say goodbye, close the connection.

use super::memory::Farewell;
use super::{End, Link, Worker};
use crate::publish::flow::Item;
use crate::publish::told;
use crate::store::StoreError;
use std::time::Duration;
use viahe_contract::message::{self, BoxStatus, Offline};
use viahe_contract::topic::About;

/// For the broker to take the farewell.
const FAREWELL_TIMEOUT: Duration = Duration::from_secs(2);

impl Worker {
    pub(super) fn stop_asked(&mut self) -> bool {
        if self.deadline.is_none() {
            let asked = self.shared.inbox().shutdown;
            self.deadline = asked.map(|within| self.now() + within);
        }
        self.deadline.is_some()
    }

    pub(super) fn is_past_deadline(&self) -> bool {
        self.deadline.is_some_and(|deadline| self.now() >= deadline)
    }

    pub(super) fn leave_if_asked(&mut self, link: &Link, now: Duration) -> Result<(), End> {
        if !self.stop_asked() {
            return Ok(());
        }
        match self.farewell {
            None => {
                if self.is_drained()? || self.is_past_deadline() {
                    let (version, time) = (self.options.version.clone(), self.local_time());
                    let offline = BoxStatus::Offline(Offline::Shutdown { version, time });
                    let offline = message::to_bytes(&offline);
                    let topic = told::topic(&self.options.site, About::Status);
                    self.farewell = Some(if link.retain(topic, offline)? {
                        self.flow.submitted(Item::Farewell);
                        Farewell::Sent { until: now + FAREWELL_TIMEOUT }
                    } else {
                        Farewell::Taken
                    });
                }
            }
            Some(Farewell::Sent { until } | Farewell::Leaving { until }) if now < until => {}
            Some(Farewell::Sent { .. } | Farewell::Taken) => {
                // A clean goodbye: the broker forgets the last will.
                if link.connection.disconnect().is_err() {
                    return Err(End::Shutdown);
                }
                self.farewell = Some(Farewell::Leaving { until: now + FAREWELL_TIMEOUT });
            }
            Some(Farewell::Leaving { .. }) => return Err(End::Shutdown),
        }
        Ok(())
    }

    /// Everything is delivered, or waits for what will not come before the deadline: somebody who
    /// listens, or a right.
    fn is_drained(&mut self) -> Result<bool, StoreError> {
        if !self.flow.is_idle() {
            return Ok(false);
        }
        if self.outbox.depth()?.rows == 0 {
            return Ok(true);
        }
        Ok(self.flow.is_stuck() && self.outbox.pending(1, self.flow.cursor())?.is_empty())
    }
}
