//! Connections of people, boxes and machines: so many at a time, and none that only sits there.
//!
//! A process has few files that it may open, and the database and pictures need some of them. So whoever comes when all
//! places are taken is sent away at once, and no address but the proxy's has all of them. A connection ends when the
//! head of a request does not come in time, when its body comes slower than the slowest link, or when nobody reads the
//! answer; pages that watch, and what waits for a box, may take as long as they do.

use super::certificate::{Certified, site_of};
use super::patient::Patient;
use super::tls::Tls;
use crate::vitals::Vitals;
use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::{Error, Router};
use futures_util::{StreamExt, stream};
use hyper::Request;
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy, sink};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{Id, JoinSet};
use tokio::time::{sleep, timeout};

/// How many, and how long they may take.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections at a time.
    pub connections: usize,
    /// Those of one address among them.
    pub of_address: usize,
    /// The proxy in front, which may have all.
    pub proxy: Option<IpAddr>,
    /// For the head of a request, and between two.
    pub head: Duration,
    /// For a body, besides what its bytes take.
    pub body: Duration,
    /// For a reader that reads nothing.
    pub stall: Duration,
}

impl Default for Limits {
    /// Judgement: systemd gives a service 1,024 files; a browser has six connections, and an office one address. Pages
    /// ask far more often than each minute, and a link that is away for one is away.
    fn default() -> Self {
        let minute = Duration::from_mins(1);
        Self {
            connections: 768,
            of_address: 512,
            proxy: None,
            head: minute,
            body: minute,
            stall: minute,
        }
    }
}

/// What a byte of a body may take: 1 KB a second.
const BYTE: Duration = Duration::from_millis(1);
/// Of who is sent away, so many are passed over in the log before one is told again.
const TOLD_EVERY: u64 = 1_000;
/// Whom no TLS can be spoken with has so long to hear it, and may have sent so much.
const HANG_UP: Duration = Duration::from_secs(2);
const UNREAD_MAX: u64 = 64 << 10;
/// Until the next try, when nobody can be let in: there is no file left.
const REST: Duration = Duration::from_secs(1);

/// Where people and boxes come in.
pub struct Entrance {
    /// Its address.
    pub listener: TcpListener,
    /// What TLS is spoken there; none where something in front speaks it.
    pub tls: Option<Tls>,
}

/// Serves whoever comes, until it is to stop and all are answered.
pub async fn serve(
    Entrance { listener, tls }: Entrance,
    router: Router,
    limits: Limits,
    vitals: Vitals,
    mut stopping: watch::Receiver<bool>,
) {
    let mut open = JoinSet::new();
    let mut guests = Guests { limits, vitals, by_task: BTreeMap::new(), refused: 0 };
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(ended) = open.join_next_with_id() => {
                guests.leaves(ended.map_or_else(|error| error.id(), |(task, ())| task));
                continue;
            }
            () = stopped(&mut stopping) => break,
        };
        match accepted {
            Ok((stream, peer)) if guests.has_room(peer) => {
                let (router, limits) = (router.clone(), guests.limits.clone());
                let guest = Guest { peer, router, limits };
                let task = open.spawn(guest.welcome(stream, tls.clone(), stopping.clone()));
                guests.by_task.insert(task.id(), of(peer));
            }
            // It is closed by that.
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "nobody can be let in");
                sleep(REST).await;
            }
        }
    }
    while open.join_next().await.is_some() {}
}

async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // The sender gone means the same.
    let _ = stopping.wait_for(|stop| *stop).await;
}

fn of(peer: SocketAddr) -> IpAddr {
    peer.ip().to_canonical()
}

/// Who is there.
struct Guests {
    limits: Limits,
    vitals: Vitals,
    by_task: BTreeMap<Id, IpAddr>,
    refused: u64,
}

impl Guests {
    fn leaves(&mut self, task: Id) {
        self.by_task.remove(&task);
    }

    fn has_room(&mut self, peer: SocketAddr) -> bool {
        let address = of(peer);
        let Limits { connections, of_address, proxy, .. } = self.limits;
        let same = self.by_task.values().filter(|other| **other == address).count();
        let why = if self.by_task.len() >= connections {
            "too_many"
        } else if proxy != Some(address) && same >= of_address {
            "too_many_of_address"
        } else {
            return true;
        };
        self.vitals.count("connections", why);
        if self.refused.is_multiple_of(TOLD_EVERY) {
            tracing::warn!(%address, why, "a connection is refused");
        }
        self.refused += 1;
        false
    }
}

/// One that was let in.
struct Guest {
    peer: SocketAddr,
    router: Router,
    limits: Limits,
}

impl Guest {
    async fn welcome(self, tcp: TcpStream, tls: Option<Tls>, stopping: watch::Receiver<bool>) {
        // Answers are written whole.
        let _ = tcp.set_nodelay(true);
        let patient = Patient::new(tcp, self.limits.stall);
        let Some(tls) = tls else { return self.converse(patient, None, stopping).await };
        let peer = self.peer;
        let accepted = tls.acceptor().accept(patient).into_fallible();
        match timeout(self.limits.head, accepted).await {
            Ok(Ok(stream)) => {
                let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
                let certified = shown.map(|shown| Certified { site: site_of(shown), peer });
                self.converse(stream, certified, stopping).await;
            }
            Ok(Err((error, stream))) => {
                tracing::debug!(%error, %peer, "no TLS");
                hang_up(stream).await;
            }
            Err(_) => tracing::debug!(%peer, "no TLS in time"),
        }
    }

    async fn converse(
        self,
        stream: impl AsyncRead + AsyncWrite + Unpin,
        certified: Option<Certified>,
        mut stopping: watch::Receiver<bool>,
    ) {
        let Self { peer, router, limits } = self;
        let service = TowerToHyperService::new(router);
        let grace = limits.body;
        let service = service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(|body| hurried(body, grace));
            request.extensions_mut().insert(ConnectInfo(peer));
            certified.clone().map(|certified| request.extensions_mut().insert(certified));
            service.call(request)
        });
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(limits.head);
        let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
        let ended = tokio::select! {
            ended = connection.as_mut() => Some(ended),
            () = stopped(&mut stopping) => None,
        };
        let ended = if let Some(ended) = ended {
            ended
        } else {
            connection.as_mut().graceful_shutdown();
            connection.await
        };
        if let Err(error) = ended {
            tracing::debug!(%error, %peer, "a connection broke");
        }
    }
}

/// Hangs up so that the other side hears why: what it sent and nobody read would make its machine say no more than that
/// the connection broke.
async fn hang_up(mut stream: Patient) {
    // Whoever is gone hears nothing.
    let _ = stream.shutdown().await;
    let _ = timeout(HANG_UP, copy(&mut stream.take(UNREAD_MAX), &mut sink())).await;
}

/// A body that fails once it comes too slowly.
fn hurried(body: Incoming, grace: Duration) -> Body {
    if body.is_end_stream() {
        return Body::empty();
    }
    let late = Box::pin(sleep(grace));
    let bytes = Body::new(body).into_data_stream();
    let parts = stream::unfold(Some((bytes, late)), |state| async move {
        let (mut bytes, mut late) = state?;
        let part: Result<Bytes, Error> = tokio::select! {
            part = bytes.next() => part?,
            () = &mut late => Err(Error::new("it comes too slowly")),
        };
        let goes_on = part.as_ref().ok().map(Bytes::len);
        let rest = goes_on.map(|length| {
            let until = late.deadline() + BYTE * u32::try_from(length).unwrap_or(u32::MAX);
            late.as_mut().reset(until);
            (bytes, late)
        });
        Some((part, rest))
    });
    Body::from_stream(parts)
}

#[cfg(test)]
mod tests;
