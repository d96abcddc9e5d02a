//! From where somebody asks: guesses are counted by it, and the audit tells it.

use axum::extract::{ConnectInfo, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Where a proxy says for whom it asks: each adds at the end from whom it has the request.
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// An address. The gate has found it out.
#[derive(Clone, Copy)]
pub(super) struct Address(pub(super) IpAddr);

impl Address {
    /// Of a request; that which the proxy tells when it comes from there, and nobody else's word.
    pub(super) fn of(request: &Request, proxy: Option<IpAddr>) -> Self {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        let unknown = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let peer = peer.map_or(unknown, |ConnectInfo(peer)| peer.ip().to_canonical());
        let told = proxy.filter(|proxy| *proxy == peer).and_then(|_| told(request.headers()));
        Self(told.unwrap_or(peer))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Address {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let found = parts.extensions.get::<Self>().copied();
        Ok(found.unwrap_or(Self(IpAddr::V4(Ipv4Addr::UNSPECIFIED))))
    }
}

/// The last address of the last line: those before it anybody can say.
fn told(headers: &HeaderMap) -> Option<IpAddr> {
    let line = headers.get_all(FORWARDED_FOR).iter().next_back()?.to_str().ok()?;
    let last = line.rsplit(',').next()?.trim();
    let address =
        last.parse().or_else(|_| last.parse::<SocketAddr>().map(|with_port| with_port.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn of(peer: &str, lines: &[&str]) -> String {
        let mut request = Request::new(Body::empty());
        let peer: IpAddr = peer.parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(peer, 4_000)));
        for line in lines {
            request.headers_mut().append(FORWARDED_FOR, line.parse().unwrap());
        }
        Address::of(&request, Some([10, 0, 0, 5].into())).0.to_string()
    }

    #[test]
    fn only_the_proxy_is_believed_and_only_what_it_says_itself() {
        let proxy = "10.0.0.5";
        assert_eq!(of(proxy, &["192.0.2.7"]), "192.0.2.7");
        assert_eq!(of("::ffff:10.0.0.5", &["::ffff:192.0.2.7"]), "192.0.2.7");
        assert_eq!(of(proxy, &["198.51.100.1, 192.0.2.7"]), "192.0.2.7");
        assert_eq!(of(proxy, &["192.0.2.7", "192.0.2.8:51000"]), "192.0.2.8");
        assert_eq!(of(proxy, &["[2001:db8::1]:51000"]), "2001:db8::1");
        for nothing in [&[][..], &[""], &["unknown"], &["192.0.2.7, _hidden"]] {
            assert_eq!(of(proxy, nothing), proxy, "{nothing:?}");
        }
        assert_eq!(of("10.0.0.6", &["192.0.2.7"]), "10.0.0.6", "anybody can say it");
    }
}
