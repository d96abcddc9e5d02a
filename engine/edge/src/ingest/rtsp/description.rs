//! What a camera says that it sends (SDP, RFC 4566), made fit for rtspsrc.

use super::message::Message;
use super::words;
use crate::ingest::fault::Fault;

/// Refuses what has no video, and takes addresses of groups out: rtspsrc would ask for nothing but
/// multicast where it sees one, though most cameras that name theirs send to a single viewer too.
/// One that does not refuses the transport, which can be told.
///
/// # Errors
/// When there is no video in it.
pub(super) fn prepare(message: &mut Message) -> Result<(), Fault> {
    let has = |what: &[u8]| message.body.split(|b| *b == b'\n').any(|line| line.starts_with(what));
    if !has(b"m=video") {
        return Err(words::no_video(has(b"m=audio")));
    }
    // rtspsrc reads addresses of media against the first only (RFC 2326, C.1.1, names both).
    if let (None, Some(at)) = (message.header("content-base"), message.header("content-location")) {
        let at = at.to_owned();
        message.set("Content-Base", at);
    }
    let lines = message.body.split(|b| *b == b'\n');
    let (mut replaced, mut body) = (false, Vec::new());
    for line in lines {
        let other = without_group(line);
        replaced |= other.is_some();
        body.push(other.unwrap_or(line));
    }
    if replaced {
        message.body = body.join(&b'\n');
        message.set("Content-Length", message.body.len().to_string());
    }
    Ok(())
}

/// The line with no address in place of a group's; none when there is nothing to replace.
fn without_group(line: &[u8]) -> Option<&'static [u8]> {
    let line = std::str::from_utf8(line).ok()?.trim_end();
    let mut words = line.strip_prefix("c=")?.split_whitespace().skip(1);
    let kind = words.next()?;
    let address = words.next()?.split('/').next()?;
    let multicast = address.parse::<std::net::IpAddr>().is_ok_and(|a| a.is_multicast());
    multicast.then_some(if kind.eq_ignore_ascii_case("IP6") {
        b"c=IN IP6 ::\r"
    } else {
        b"c=IN IP4 0.0.0.0\r"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(body: &str) -> (String, String) {
        let mut message = Message::request("DESCRIBE", "rtsp://h/a");
        message.set("Content-Length", body.len().to_string());
        message.body = body.as_bytes().to_vec();
        prepare(&mut message).unwrap();
        let length = message.header("content-length").unwrap().to_owned();
        (String::from_utf8(message.body).unwrap(), length)
    }

    #[test]
    fn groups_are_taken_out_and_all_else_stays() {
        for (was, becomes) in [
            ("c=IN IP4 224.3.0.0/1", "c=IN IP4 0.0.0.0"),
            ("c=IN IP4 239.255.42.42/127/3", "c=IN IP4 0.0.0.0"),
            ("c=IN  IP4  232.0.0.1", "c=IN IP4 0.0.0.0"),
            ("c=IN IP6 ff02::7f/3", "c=IN IP6 ::"),
        ] {
            let body = format!("v=0\r\n{was}\r\nm=video 0 RTP/AVP 96\r\n{was}\r\na=control:*\r\n");
            let (text, length) = prepared(&body);
            assert_eq!(text, body.replace(was, becomes));
            assert_eq!(length, text.len().to_string());
        }
        for line in [
            "c=IN IP4 0.0.0.0",
            "c=IN IP4 192.168.1.64",
            "c=IN IP6 ::",
            "c=",
            "c=IN",
            "a=c=IN IP4 224.0.0.1",
        ] {
            let body = format!("v=0\n{line}\nm=video 0 RTP/AVP 96\n\0");
            assert_eq!(prepared(&body), (body.clone(), body.len().to_string()));
        }
    }
}
