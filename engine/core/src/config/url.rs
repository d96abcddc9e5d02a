//! Addresses in a pipeline: cameras and the broker. No message repeats one, since it may hold a
//! password.

use super::problem::Fault;
use super::secret::percent_decode;
use crate::plan::{Secret, Source, Transport};
use std::path::Path;

/// An address taken apart.
pub(super) struct Url<'a> {
    pub(super) scheme: &'a str,
    pub(super) login: Option<(String, Secret)>,
    /// Without the brackets of an IPv6 address.
    pub(super) host: &'a str,
    pub(super) port: Option<u16>,
    /// From the first `/` or `?` on.
    pub(super) path: &'a str,
}

/// Frame sizes and rates that the test picture can have.
const PATTERN_PX: std::ops::RangeInclusive<u32> = 16..=4096;
const PATTERN_FPS: std::ops::RangeInclusive<u32> = 1..=60;

/// A camera's address; relative paths are joined to `folder`.
pub(super) fn source(url: &str, transport: Transport, folder: &Path) -> Result<Source, Fault> {
    match url.split_once("://") {
        Some(("rtsp" | "rtsps", _)) => rtsp(url, transport),
        Some(("file", path)) => file(path, folder),
        Some(("pattern", rest)) => pattern(rest),
        _ => Err(Fault::new(
            "the address does not start with a known scheme",
            "use rtsp://, rtsps://, file:// or pattern://",
        )),
    }
}

fn rtsp(url: &str, transport: Transport) -> Result<Source, Fault> {
    let Url { scheme, login, path, .. } = parse(url)?;
    let (_, rest) = url.split_once("://").unwrap_or_default();
    let authority = &rest[..rest.len() - path.len()];
    let (_, place) = authority.rsplit_once('@').unwrap_or(("", authority));
    Ok(Source::Rtsp { url: format!("{scheme}://{place}{path}"), login, transport, ca: None })
}

fn file(path: &str, folder: &Path) -> Result<Source, Fault> {
    match percent_decode(path) {
        Some(path) if !path.is_empty() && !path.contains('\0') => {
            Ok(Source::File { path: folder.join(path) })
        }
        _ => Err(Fault::new(
            "the address names no file",
            "write file:///absolute/path.mp4, or file://path.mp4 beside the pipeline file; \
             a % in a path is %25",
        )),
    }
}

fn pattern(rest: &str) -> Result<Source, Fault> {
    let read = || {
        let (size, fps) = rest.split_once('@')?;
        let (width, height) = size.split_once('x')?;
        let size_px: [u32; 2] = [width.parse().ok()?, height.parse().ok()?];
        let fps: u32 = fps.parse().ok()?;
        // Video is coded in 4:2:0, which has no odd sizes.
        let good = |px: &u32| PATTERN_PX.contains(px) && px.is_multiple_of(2);
        (size_px.iter().all(good) && PATTERN_FPS.contains(&fps))
            .then_some(Source::Pattern { size_px, fps })
    };
    read().ok_or_else(|| {
        Fault::new(
            "the address is not a test picture",
            "write pattern://WIDTHxHEIGHT@FPS, such as pattern://640x360@10: even sizes from 16 \
             to 4096 px, 1 to 60 frames per second",
        )
    })
}

/// Takes `scheme://[user[:password]@]host[:port][/path][?query]` apart. The last `@` before the
/// path ends the credentials, as cameras' passwords often hold one.
pub(super) fn parse(url: &str) -> Result<Url<'_>, Fault> {
    let bad = |what: &str, remedy: &str| Err(Fault::new(what, remedy));
    if url.len() > 2048 || url.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return bad(
            "the address holds spaces or line breaks, or is longer than 2048 bytes",
            "remove them, or write a space as %20",
        );
    }
    let Some((scheme, rest)) = url.split_once("://") else {
        return bad("the address has no scheme", "begin it with a scheme and ://");
    };
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if path.contains('@') {
        return bad(
            "the address has an @ after its first / ? or #, as if a password held one of these",
            "in a password write / as %2F, ? as %3F, # as %23 and @ as %40, or keep it in \
             ${env:NAME} or ${file:PATH}, where it may hold anything; an @ of the path is %40",
        );
    }
    let (login, place) = match authority.rsplit_once('@') {
        Some((userinfo, place)) => (Some(login(userinfo)?), place),
        None => (None, authority),
    };
    let Some((host, port)) = host_and_port(place) else {
        return bad(
            "the address has no valid host and port",
            "write host or host:port with a port from 1 to 65535, an IPv6 address in brackets; \
             in a password write / as %2F, ? as %3F, # as %23 and @ as %40, or keep it in \
             ${env:NAME} or ${file:PATH}, where it may hold anything",
        );
    };
    Ok(Url { scheme, login, host, port, path })
}

fn login(userinfo: &str) -> Result<(String, Secret), Fault> {
    let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
    match (percent_decode(user), percent_decode(password)) {
        (Some(user), Some(password)) => Ok((user, Secret::new(password))),
        _ => Err(Fault::new(
            "the credentials in the address hold a % that is no percent code",
            "write % as %25",
        )),
    }
}

/// `host`, `host:port`, `[ipv6]` or `[ipv6]:port`.
fn host_and_port(place: &str) -> Option<(&str, Option<u16>)> {
    let (host, rest) = if let Some(inner) = place.strip_prefix('[') {
        let (host, rest) = inner.split_once(']')?;
        host.parse::<std::net::Ipv6Addr>().ok()?;
        (host, rest)
    } else {
        let (host, rest) = place.split_at(place.find(':').unwrap_or(place.len()));
        let good = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
        if host.is_empty() || !host.bytes().all(good) {
            return None;
        }
        (host, rest)
    };
    if rest.is_empty() {
        return Some((host, None));
    }
    let port: u16 = rest.strip_prefix(':')?.parse().ok()?;
    (port > 0).then_some((host, Some(port)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(url: &str) -> Result<Source, Fault> {
        source(url, Transport::Tcp, Path::new("/etc/viahe"))
    }

    #[test]
    fn credentials_are_split_off() {
        for (url, bare, user, password) in [
            (
                "rtsp://admin:a%40b@10.0.0.3:554/s1?x=1",
                "rtsp://10.0.0.3:554/s1?x=1",
                "admin",
                "a@b",
            ),
            ("rtsp://admin:p@ss@cam.local/", "rtsp://cam.local/", "admin", "p@ss"),
            ("rtsps://admin@[fe80::1]:322", "rtsps://[fe80::1]:322", "admin", ""),
            ("rtsp://u:a:b@h/x%40y", "rtsp://h/x%40y", "u", "a:b"),
        ] {
            let source = at(url).unwrap();
            let shown = format!("{source:?} {source}");
            let Source::Rtsp { url: got, login: Some((name, secret)), .. } = source else {
                panic!("{url}");
            };
            assert_eq!((got.as_str(), name.as_str(), secret.reveal()), (bare, user, password));
            assert!(password.is_empty() || !shown.contains(password), "{shown}");
        }
    }

    #[test]
    fn files_and_patterns() {
        let file = |path: &str| Ok(Source::File { path: path.into() });
        assert_eq!(at("file:///srv/a%20b.mp4"), file("/srv/a b.mp4"));
        assert_eq!(at("file://clips/a.mp4"), file("/etc/viahe/clips/a.mp4"));
        assert_eq!(
            at("pattern://640x360@10"),
            Ok(Source::Pattern { size_px: [640, 360], fps: 10 })
        );
    }

    #[test]
    fn refused_without_being_repeated() {
        for bad in [
            "",
            "http://hunter2/",
            "rtsp:/hunter2",
            "rtsp://",
            "rtsp://u:hunter2@",
            "rtsp://u:hunter2@h:0",
            "rtsp://u:hunter2@h:99999/",
            "rtsp://u:hun/ter2@h/",
            // Each could be read as another camera's address, with the rest of the password in its path.
            "rtsp://u:12/hunter2@h/s",
            "rtsp://u:12?hunter2@h/s",
            "rtsp://u:12#hunter2@h/s",
            "rtsp://u:p@hun/ter2@h/s",
            "rtsp://hunter2/@h/s",
            "rtsps://u:443/hunter2@[fe80::1]:322/s",
            "rtsp://u:hunter2%@h/",
            "rtsp://[::1/hunter2",
            "rtsp://h\n/hunter2",
            "rtsp://hunter2 h/",
            "file://",
            "file://%zz",
            "pattern://hunter2",
            "pattern://641x360@10",
            "pattern://640x360@0",
            "pattern://99999999999x2@1",
            "pattern://0x0@1",
        ] {
            let fault = at(bad).unwrap_err();
            assert!(!format!("{fault:?}").contains("hunter2"), "{bad}: {fault:?}");
        }
    }
}
