//! What is told of box and cameras: only the newest value of each counts.

use super::{End, Link, PublishOptions, Worker};
use crate::clock;
use crate::publish::flow::Item;
use crate::publish::reason;
use crate::publish::told;
use std::time::Duration;
use viahe_contract::message;
use viahe_contract::topic::About;

impl Worker {
    pub(super) fn on_noted(&mut self, topic: String, code: u8) {
        self.notes.answered(topic, code);
    }

    pub(super) fn send_notes(&mut self, link: &Link, now: Duration) -> Result<(), End> {
        match &self.notes.hushed {
            Some((_, until)) if now < *until => return Ok(()),
            Some(_) => self.notes.hushed = None,
            None => {}
        }
        let troubles = self.options.troubles.revision();
        let (models, due) = {
            let mut inbox = self.shared.inbox();
            let changed = inbox.status_changed || troubles != self.troubles_told;
            let due = now >= self.status_due || changed;
            if due && self.flow.room() > 0 {
                inbox.status_changed = false;
                (inbox.models.clone(), true)
            } else {
                (Vec::new(), false)
            }
        };
        if due {
            let PublishOptions { version, zone, .. } = &self.options;
            let online = told::Known {
                version,
                mqtt: self.dialect.version(),
                models: &models,
                depth: self.outbox.depth()?,
                troubles: &self.options.troubles.lasting(),
                now: clock::now(),
                zone,
            };
            let topic = told::topic(&self.options.site, About::Status);
            let fits = link.retain(topic.clone(), message::to_bytes(&told::online(&online)))?;
            self.flow_or_refuse(topic, fits);
            self.troubles_told = troubles;
            self.status_due = now + self.options.tuning.status_every;
        }
        let shared = std::sync::Arc::clone(&self.shared);
        let mut inbox = shared.inbox();
        for (camera, state) in inbox.cameras.iter_mut().filter(|(_, state)| !state.sent) {
            if self.flow.room() == 0 {
                break;
            }
            let topic = told::topic(&self.options.site, About::CameraState(camera.clone()));
            let fits = link.retain(topic.clone(), state.payload.clone())?;
            self.flow_or_refuse(topic, fits);
            state.sent = true;
        }
        Ok(())
    }

    fn flow_or_refuse(&mut self, topic: String, fits: bool) {
        if fits {
            self.flow.submitted(Item::Note(topic));
        } else {
            self.notes.answered(topic, reason::TOO_LARGE);
        }
    }
}
