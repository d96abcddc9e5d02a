//! What travels on an RTSP connection: messages, and media between them (RFC 2326, 10.12).
//!
//! Lenient, as cameras are: lines may end in a bare LF, the reason may be missing, empty lines may
//! stand between messages. What is not understood is handed on as it came.

/// A head or a body that is longer is no camera's.
const MESSAGE_BYTES_MAX: usize = 1 << 20;
/// A first line that is longer is none.
const LINE_BYTES_MAX: usize = 8 << 10;

/// The next thing in a buffer, and how many bytes of it that is.
#[derive(Debug, PartialEq)]
pub(super) enum Piece {
    /// Nothing whole yet.
    Partial,
    /// To be passed over.
    Filler(usize),
    /// Media, its four bytes of framing included.
    Media(usize),
    /// A request or a response.
    Message(Message, usize),
}

/// It cannot be RTSP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotRtsp {
    /// An answer in HTTP.
    Http,
    /// Something else.
    Other,
}

/// What stands at the start of `buffer`.
///
/// # Errors
/// When it cannot be RTSP.
pub(super) fn next(buffer: &[u8]) -> Result<Piece, NotRtsp> {
    match *buffer {
        [b'$', _, high, low, ..] => {
            let len = 4 + usize::from(u16::from_be_bytes([high, low]));
            return Ok(if buffer.len() < len { Piece::Partial } else { Piece::Media(len) });
        }
        [] | [b'$', ..] => return Ok(Piece::Partial),
        _ => {}
    }
    let filler = buffer.iter().take_while(|b| b"\r\n\0 ".contains(b)).count();
    if filler > 0 {
        return Ok(Piece::Filler(filler));
    }
    check_start(buffer)?;
    let Some((head, body_at)) = head(buffer)? else { return Ok(Piece::Partial) };
    let mut message = Message::read(&String::from_utf8_lossy(head));
    let body_len = message.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    if body_len > MESSAGE_BYTES_MAX {
        return Err(NotRtsp::Other);
    }
    let end = body_at + body_len;
    let Some(body) = buffer.get(body_at..end) else { return Ok(Piece::Partial) };
    message.body = body.to_vec();
    Ok(Piece::Message(message, end))
}

/// Refuses as early as it can be known: who waits for the end of a line of another protocol waits
/// for ever.
fn check_start(buffer: &[u8]) -> Result<(), NotRtsp> {
    let line = buffer.split(|b| *b == b'\n').next().unwrap_or_default();
    let whole = line.len() < buffer.len();
    if line.starts_with(b"HTTP/") {
        return Err(NotRtsp::Http);
    }
    let token = line.iter().take_while(|b| b.is_ascii_uppercase() || **b == b'_').count();
    let version = line.windows(5).any(|w| w == b"RTSP/");
    let possible =
        token == line.len().min(LINE_BYTES_MAX) || matches!(line.get(token), Some(b' ' | b'/'));
    if (whole && !version) || (token == 0 || !possible) || line.len() > LINE_BYTES_MAX {
        return Err(NotRtsp::Other);
    }
    Ok(())
}

/// The head without its end, and where the body begins.
fn head(buffer: &[u8]) -> Result<Option<(&[u8], usize)>, NotRtsp> {
    let mut line_at = 0;
    while let Some(len) = buffer[line_at..].iter().position(|b| *b == b'\n') {
        let line = &buffer[line_at..line_at + len];
        if line_at > 0 && (line.is_empty() || line == b"\r") {
            return Ok(Some((&buffer[..line_at], line_at + len + 1)));
        }
        line_at += len + 1;
    }
    if buffer.len() > MESSAGE_BYTES_MAX { Err(NotRtsp::Other) } else { Ok(None) }
}

/// A request or a response.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Message {
    /// The first line.
    pub(super) start: String,
    headers: Vec<(String, String)>,
    /// After the headers.
    pub(super) body: Vec<u8>,
}

impl Message {
    /// A request without headers and body.
    pub(super) fn request(method: &str, uri: &str) -> Self {
        Self { start: format!("{method} {uri} RTSP/1.0"), headers: Vec::new(), body: Vec::new() }
    }

    fn read(head: &str) -> Self {
        let mut lines = head.lines();
        let start = lines.next().unwrap_or_default().trim_end().to_owned();
        let mut headers: Vec<(String, String)> = Vec::new();
        for line in lines {
            match line.split_once(':') {
                // A line that goes on.
                _ if line.starts_with([' ', '\t']) => {
                    if let Some((_, value)) = headers.last_mut() {
                        *value += " ";
                        *value += line.trim();
                    }
                }
                Some((name, value)) => {
                    headers.push((name.trim().to_owned(), value.trim().to_owned()));
                }
                None => {}
            }
        }
        Self { start, headers, body: Vec::new() }
    }

    /// Of a response: its code.
    pub(super) fn code(&self) -> Option<u16> {
        let (version, rest) = self.start.split_once(' ').unwrap_or((&self.start, ""));
        let code = rest.split_whitespace().next().unwrap_or_default();
        version.starts_with("RTSP/").then(|| code.parse().unwrap_or(0))
    }

    /// Of a response: what stands behind its code.
    pub(super) fn reason(&self) -> &str {
        self.start.splitn(3, ' ').nth(2).unwrap_or_default().trim()
    }

    /// Of a request.
    pub(super) fn method(&self) -> &str {
        self.start.split(' ').next().unwrap_or_default()
    }

    /// Of a request.
    pub(super) fn uri(&self) -> &str {
        self.start.split(' ').nth(1).unwrap_or_default()
    }

    /// The first header of this name.
    pub(super) fn header<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.all(name).next()
    }

    /// All headers of this name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// Replaces all headers of this name by one.
    pub(super) fn set(&mut self, name: &str, value: impl Into<String>) {
        let value = value.into();
        let mut value = Some(value);
        self.headers.retain_mut(|(n, v)| {
            if !n.eq_ignore_ascii_case(name) {
                return true;
            }
            value.take().is_some_and(|new| {
                *v = new;
                true
            })
        });
        if let Some(value) = value {
            self.headers.push((name.to_owned(), value));
        }
    }

    /// As it travels.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut text = format!("{}\r\n", self.start);
        for (name, value) in &self.headers {
            for part in [name, ": ", value, "\r\n"] {
                text += part;
            }
        }
        text += "\r\n";
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(text: &str) -> Message {
        match next(text.as_bytes()) {
            Ok(Piece::Message(message, len)) if len == text.len() => message,
            other => panic!("{text:?}: {other:?}"),
        }
    }

    #[test]
    fn messages_in_the_shapes_that_cameras_give_them() {
        let tidy = message("RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 3\r\n\r\na\r\n");
        assert_eq!((tidy.code(), tidy.reason(), &tidy.body[..]), (Some(200), "OK", &b"a\r\n"[..]));
        let bare = message("RTSP/1.0 404\ncseq:7\nX: a\n  b\n\n");
        assert_eq!((bare.code(), bare.reason(), bare.header("CSeq")), (Some(404), "", Some("7")));
        assert_eq!(bare.header("x"), Some("a b"));
        let asked = message("GET_PARAMETER rtsp://h/a RTSP/1.0\r\nCSeq: 2\r\n\r\n");
        assert_eq!(
            (asked.method(), asked.uri(), asked.code()),
            ("GET_PARAMETER", "rtsp://h/a", None)
        );
        let two = message("RTSP/1.0 401 No\r\nWWW-Authenticate: a\r\nwww-authenticate: b\r\n\r\n");
        assert_eq!(two.all("WWW-Authenticate").collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn media_and_filler_between_messages() {
        assert_eq!(next(b"$\0\0\x02ab$"), Ok(Piece::Media(6)));
        assert_eq!(next(b"$\0\0\x02a"), Ok(Piece::Partial));
        assert_eq!(next(b"$"), Ok(Piece::Partial));
        assert_eq!(next(b"\r\n\r\nRTSP/1.0"), Ok(Piece::Filler(4)));
        assert_eq!(next(b""), Ok(Piece::Partial));
    }

    #[test]
    fn other_protocols_are_known_by_their_first_bytes() {
        for (bytes, want) in [
            (&b"HTTP/1.1 400 Bad Request\r\n"[..], NotRtsp::Http),
            (b"SSH-2.0-OpenSSH_9.2\r\n", NotRtsp::Other),
            (b"220 ftp ready\r\n", NotRtsp::Other),
            (b"\x16\x03\x01", NotRtsp::Other),
            (b"<html>", NotRtsp::Other),
            (b"OK\r\n", NotRtsp::Other),
        ] {
            assert_eq!(next(bytes), Err(want), "{bytes:?}");
        }
        assert_eq!(next(&[b'A'; LINE_BYTES_MAX + 1]), Err(NotRtsp::Other));
        for early in [&b"R"[..], b"RTSP/1.0 2", b"GET_PARAMETER rtsp:"] {
            assert_eq!(next(early), Ok(Piece::Partial), "{early:?}");
        }
    }

    #[test]
    fn a_header_is_replaced_in_its_place() {
        let mut message = message("RTSP/1.0 200 OK\r\nCSeq: 1\r\nA: 2\r\ncseq: 3\r\n\r\n");
        message.set("CSeq", "9");
        message.set("B", "4");
        assert_eq!(message.bytes(), b"RTSP/1.0 200 OK\r\nCSeq: 9\r\nA: 2\r\nB: 4\r\n\r\n");
    }

    proptest! {
        /// No bytes make it panic, and no piece is longer than what there is.
        #[test]
        fn any_bytes(bytes in prop::collection::vec(prop::num::u8::ANY, 0..300), text in "[A-Z/$ :\r\n0-9]{0,80}") {
            for bytes in [bytes, text.into_bytes()] {
                if let Ok(Piece::Filler(n) | Piece::Media(n) | Piece::Message(_, n)) = next(&bytes) {
                    prop_assert!(0 < n && n <= bytes.len());
                }
            }
        }
    }
}
