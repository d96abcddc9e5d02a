//! A way to the broker that can be shut, so that a test decides when an engine gets through.

use super::LONG;
use std::io::{Write, copy};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// Forwards a port to another while it is open.
pub(crate) struct Gate {
    pub(crate) port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    open: AtomicBool,
    ended: AtomicBool,
    only_3_1_1: AtomicBool,
    links: Mutex<Vec<TcpStream>>,
}

impl Gate {
    /// A gate to port `to`, shut.
    pub(crate) fn shut_before(to: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared::default());
        let of_thread = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if of_thread.ended.load(Ordering::SeqCst) {
                    return;
                }
                if of_thread.open.load(Ordering::SeqCst) {
                    forward(client, to, &of_thread);
                }
            }
        });
        Self { port, shared }
    }

    /// From now on MQTT 5 is refused as brokers refuse it that do not know it.
    pub(crate) fn speak_only_3_1_1(&self) {
        self.shared.only_3_1_1.store(true, Ordering::SeqCst);
    }

    pub(crate) fn open(&self) {
        self.shared.open.store(true, Ordering::SeqCst);
    }

    /// Cuts all connections and lets none through.
    pub(crate) fn shut(&self) {
        self.shared.open.store(false, Ordering::SeqCst);
        for link in self.shared.links.lock().unwrap().drain(..) {
            let _ = link.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        self.shut();
        // Wakes the thread that accepts.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

/// The protocol level in a CONNECT that is about to be read: 4 is MQTT 3.1.1.
fn level(client: &TcpStream) -> Option<u8> {
    client.set_read_timeout(Some(LONG)).unwrap();
    let mut first = [0; 16];
    while client.peek(&mut first).ok()? < first.len() {}
    client.set_read_timeout(None).unwrap();
    let name = first.windows(4).position(|word| word == b"MQTT")?;
    first.get(name + 4).copied()
}

fn forward(mut client: TcpStream, to: u16, shared: &Shared) {
    if shared.only_3_1_1.load(Ordering::SeqCst) && level(&client) != Some(4) {
        // CONNACK of 3.1.1, "unacceptable protocol version". What is unread makes a reset of the
        // end, as with real ones.
        let _ = client.write_all(&[0x20, 2, 0, 1]);
        return;
    }
    let Ok(broker) = TcpStream::connect((Ipv4Addr::LOCALHOST, to)) else { return };
    let ends = [&client, &broker].map(|s| s.try_clone().unwrap());
    shared.links.lock().unwrap().extend(ends);
    let back = (broker.try_clone().unwrap(), client.try_clone().unwrap());
    for (mut from, mut to) in [(client, broker), back] {
        std::thread::spawn(move || {
            let _ = copy(&mut from, &mut to);
            let _ = from.shutdown(Shutdown::Both);
            let _ = to.shutdown(Shutdown::Both);
        });
    }
}
