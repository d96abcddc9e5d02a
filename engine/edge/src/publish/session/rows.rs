//! Rows of the outbox: handed over, answered, deleted, set aside.

use super::{End, Link, Worker};
use crate::publish::flow::{Consequence, Item, RowRef};
use crate::publish::link::Outgoing;
use crate::publish::{reason, told};
use crate::store::{Pending, StoreError};
use std::time::Duration;
use viahe_contract::message::Ack;
use viahe_core::plan::Ack as AckMode;

/// Acknowledged rows that could not be deleted; above this nothing new is sent.
const UNDELETED_MAX: usize = 1_000;

impl Worker {
    pub(super) fn follow(&mut self, consequence: Consequence, code: u8) -> Result<(), End> {
        match consequence {
            Consequence::Delete(row) => self.acknowledged.push(row),
            Consequence::Quarantine(row) => {
                self.set_aside(row, &format!("the broker answered: {}", reason::told(code)));
            }
            Consequence::Retry(row) => {
                self.shared.count(|c| c.refused += 1);
                self.told.refusal = Some(code);
                let why = reason::told(code);
                self.note_error(format!(
                    "the broker refuses incidents: {why}; check the box's rights and quotas there"
                ));
                self.outbox.refused(row)?;
            }
            Consequence::Unheard(row) => {
                self.shared.count(|c| c.unheard += 1);
                self.outbox.refused(row)?;
            }
            Consequence::Noted(topic, _) => self.on_noted(topic, code),
            Consequence::Farewell => self.farewell = Some(super::memory::Farewell::Taken),
            Consequence::Nothing => {}
        }
        Ok(())
    }

    pub(super) fn on_centre_ack(&mut self, payload: &[u8]) -> Result<(), End> {
        let Ok(ack) = serde_json::from_slice::<Ack>(payload) else {
            self.shared.count(|c| c.bad_acks += 1);
            tracing::warn!(bytes = payload.len(), "a message on …/ack is not an acknowledgement");
            return Ok(());
        };
        if self.options.mqtt.ack == AckMode::Centre
            && let Some(row) = self.outbox.find(ack.incident.as_str(), ack.revision)?
        {
            self.flow.confirmed(row, self.now());
            self.acknowledged.push(row);
        }
        Ok(())
    }

    pub(super) fn send_rows(&mut self, link: &Link, now: Duration) -> Result<(), End> {
        if self.acknowledged.len() >= UNDELETED_MAX {
            return Ok(());
        }
        for number in self.flow.take_due(now) {
            match self.outbox.row(number)? {
                Some(row) => self.send(link, row)?,
                None => self.flow.forget(number),
            }
        }
        loop {
            let room = self.flow.row_room();
            if room == 0 {
                return Ok(());
            }
            let rows = self.outbox.pending(room, self.flow.cursor())?;
            if rows.is_empty() {
                return Ok(());
            }
            for row in rows {
                let Pending { row: number, incident, topic, .. } = &row;
                let of = RowRef { row: *number, incident: incident.clone(), topic: topic.clone() };
                if !self.acknowledged.contains(number) && self.flow.offer(&of, now) {
                    self.send(link, row)?;
                }
            }
        }
    }

    fn send(&mut self, link: &Link, row: Pending) -> Result<(), End> {
        let Pending { row: number, incident, topic, payload, .. } = row;
        if !told::is_publishable(&topic) {
            self.set_aside(number, "its topic cannot be published to");
            return Ok(());
        }
        let message = Outgoing {
            topic: topic.clone(),
            payload,
            retain: false,
            at_least_once: link.at_least_once,
            content_type: "application/cloudevents+json; charset=utf-8",
            correlation: None,
        };
        let bytes = link.connection.size(&message);
        if bytes > self.packet_bytes_max as usize {
            let most = self.packet_bytes_max;
            self.set_aside(number, &format!("{bytes} bytes, the broker and we take {most}"));
            return Ok(());
        }
        link.connection.publish(message)?;
        self.flow.submitted(Item::Row(RowRef { row: number, incident, topic }));
        let first = number > self.newest_row;
        self.newest_row = self.newest_row.max(number);
        self.shared.count(|c| if first { c.published += 1 } else { c.resent += 1 });
        Ok(())
    }

    pub(super) fn set_aside(&mut self, row: i64, why: &str) {
        tracing::error!(row, why, "an incident cannot be delivered; it is set aside");
        match self.outbox.quarantine(row, why) {
            Ok(dropped) => {
                if dropped > 0 {
                    tracing::error!(dropped, "too many rows set aside; the oldest are lost");
                }
                self.shared.count(|c| {
                    c.quarantined += 1;
                    c.quarantine_dropped += dropped;
                });
            }
            Err(error) => self.note_error(error.to_string()),
        }
    }

    pub(super) fn delete_acknowledged(&mut self) -> Result<(), StoreError> {
        if !self.acknowledged.is_empty() {
            let deleted = self.outbox.acknowledge(&self.acknowledged)?;
            self.acknowledged.clear();
            self.shared.count(|c| c.acknowledged += deleted as u64);
        }
        Ok(())
    }
}
