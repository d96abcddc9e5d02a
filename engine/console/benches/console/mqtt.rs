//! Boxes, as a broker knows them.

use crate::city;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::Packet;
use rumqttc::v5::{AsyncClient, Event, EventLoop, MqttOptions};
use serde_json::Value;
use std::time::Duration;

/// A connection to the broker on this port of this machine.
pub(crate) fn connect(port: u16, name: &str) -> (AsyncClient, EventLoop) {
    let mut options = MqttOptions::new(name, "127.0.0.1", port);
    options.set_keep_alive(Duration::from_mins(1));
    AsyncClient::new(options, 100)
}

/// Says all this by one connection, each on its own topic; until the broker has it.
pub(crate) async fn say(port: u16, told: Vec<Value>) {
    let (client, mut connection) = connect(port, "peer");
    let mut left = told.len();
    let saying = tokio::spawn(async move {
        for told in told {
            let topic = city::topic(&told);
            client.publish(topic, QoS::AtLeastOnce, false, told.to_string()).await.unwrap();
        }
        // It speaks on until the last word is acknowledged.
        client
    });
    while left > 0 {
        if let Event::Incoming(Packet::PubAck(_)) = connection.poll().await.unwrap() {
            left -= 1;
        }
    }
    drop(saying.await.unwrap());
}
