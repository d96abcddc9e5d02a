//! Outbox → MQTT.
