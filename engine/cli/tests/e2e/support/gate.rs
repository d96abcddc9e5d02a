//! A way to the broker that can be shut, so that a test decides when an engine gets through.

use std::io::copy;
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

fn forward(client: TcpStream, to: u16, shared: &Shared) {
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
