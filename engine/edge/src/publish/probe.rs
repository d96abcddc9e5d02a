//! One connection to the broker, to see whether it lets us in.

use super::PublishError;
use super::dialect::Dialect;
use super::link::{Connection, Event, Terms};
use std::time::Duration;
use viahe_core::plan::{Mqtt, MqttVersion};

/// Ways to ask: each version, the long and the short client id.
const TRIES_MAX: usize = 4;
/// Longest packet taken; nothing is subscribed to.
const INCOMING_BYTES_MAX: u32 = 64 << 10;
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// For the farewell: a broker that is left without a word logs an error.
const FAREWELL_MAX: Duration = Duration::from_secs(1);

/// Connects to the broker of `[mqtt]` as the engine would, and leaves at once. Nothing is published.
/// Says which version of MQTT it speaks.
///
/// # Errors
/// Why it does not work, in words with a remedy and without secrets.
pub fn try_broker(mqtt: &Mqtt, within: Duration) -> Result<MqttVersion, String> {
    // Not the engine's own id: that would end the engine's connection.
    let client_id = format!("viahe-check-{}", std::process::id());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| PublishError::Thread(e).to_string())?;
    let mut dialect = Dialect::new(mqtt.version, &client_id);
    let silent = || format!("{}:{} did not answer; check host and port", mqtt.host, mqtt.port);
    let tries = async {
        let mut told = silent();
        for _ in 0..TRIES_MAX {
            let before = dialect.wanted();
            match connect(mqtt, &mut dialect).await {
                Ok(()) => return Ok(dialect.version()),
                Err(why) => told = why,
            }
            // The same once more would be told the same.
            if dialect.wanted() == before {
                break;
            }
        }
        Err(told)
    };
    runtime.block_on(async {
        tokio::time::timeout(within, tries).await.unwrap_or_else(|_| Err(silent()))
    })
}

async fn connect(mqtt: &Mqtt, dialect: &mut Dialect) -> Result<(), String> {
    let terms = Terms::of_a_guest(dialect.wanted(), KEEP_ALIVE, INCOMING_BYTES_MAX);
    let mut link = Connection::open(mqtt, &terms).map_err(|e| e.to_string())?;
    loop {
        match link.next().await {
            Ok(Event::Connected(_)) => break,
            Ok(_) => {}
            Err(failure) => {
                let why = failure.describe(mqtt, dialect.version(), false);
                dialect.failed(&failure, false);
                return Err(why);
            }
        }
    }
    if link.disconnect().is_ok() {
        let farewell = async { while link.next().await.is_ok() {} };
        let _ = tokio::time::timeout(FAREWELL_MAX, farewell).await;
    }
    Ok(())
}
