//! A camera over real RTSP that does what it is told to do, also wrongly, and writes down what it
//! was asked.

use gstreamer as gst;
use gstreamer::glib;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use viahe_edge::clock;

/// How a camera wants to be logged in to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    Basic,
    /// As in RFC 2069.
    Digest,
    /// With `qop` and a count.
    DigestQop,
    DigestSha256,
    /// Each nonce counts for one answer; the next one is told as `stale`.
    DigestOnce,
    /// Each nonce counts for one answer, and nothing is said of it.
    DigestOnceSilent,
    /// Several at once, in several headers and in one.
    Many,
    /// Something that nobody has.
    Bearer,
}

/// What a camera does.
#[derive(Clone)]
#[allow(clippy::struct_excessive_bools)] // A list of switches.
pub struct Script {
    pub login: Option<Scheme>,
    /// OPTIONS needs no login.
    pub open: bool,
    /// By method: what is answered instead of 200.
    pub answers: BTreeMap<&'static str, u16>,
    pub tcp: bool,
    pub udp: bool,
    /// What is said to a transport that is not offered; 200 takes the other one.
    pub no_transport: u16,
    pub public: &'static str,
    /// Of the session, in s, and enforced.
    pub timeout: Option<u64>,
    pub media: &'static str,
    /// Of the description: what stands before the media. `URL` is the camera's address.
    pub head: &'static str,
    /// By method: headers of the answer, beside the usual. `URL` as above.
    pub headers: BTreeMap<&'static str, &'static str>,
    /// The only address that is set up, from the port on; others are not found.
    pub only: &'static str,
    /// The channel on which media comes, over TCP.
    pub channel: u8,
    /// Said instead of RTSP at the first request, and the connection is closed.
    pub instead: Option<&'static [u8]>,
    /// Closes the connection when the method comes.
    pub hangs_up_at: Option<&'static str>,
    /// As above, if the request has a login.
    pub hangs_up_on_login: bool,
    /// Media is agreed to and not sent.
    pub mute: bool,
    /// Frames that are left out at the beginning.
    pub begins_at: usize,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            login: None,
            open: false,
            answers: BTreeMap::new(),
            tcp: true,
            udp: true,
            no_transport: 461,
            public: "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER",
            timeout: None,
            media: "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n\
                    a=fmtp:96 packetization-mode=1;sprop-parameter-sets=SETS\r\n\
                    a=control:track1\r\n",
            head: "",
            headers: BTreeMap::new(),
            only: "",
            channel: 0,
            instead: None,
            hangs_up_at: None,
            hangs_up_on_login: false,
            mute: false,
            begins_at: 0,
        }
    }
}

impl Script {
    pub fn answering(method: &'static str, code: u16) -> Self {
        Self { answers: BTreeMap::from([(method, code)]), ..Self::default() }
    }
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    pub at: Instant,
    pub method: String,
    pub uri: String,
    pub headers: BTreeMap<String, String>,
}

/// A camera that does what its [`Script`] says; ends when dropped.
pub struct Scripted {
    pub port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
    closed: Arc<AtomicBool>,
}

pub const USER: &str = "admin";
pub const PASSWORD: &str = "right-horse";
/// Of the media.
const FPS: u32 = 10;
const SESSION: &str = "4711";

impl Scripted {
    /// `frames` as [`frames`] gives them.
    pub fn start(script: Script, frames: &Arc<Vec<Vec<Vec<u8>>>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (asked, closed) =
            (Arc::<Mutex<Vec<Asked>>>::default(), Arc::new(AtomicBool::new(false)));
        let (note, end, frames) = (Arc::clone(&asked), Arc::clone(&closed), Arc::clone(frames));
        std::thread::spawn(move || {
            for (connection, stream) in listener.incoming().enumerate() {
                if end.load(Ordering::Acquire) {
                    return;
                }
                let talk = Talk {
                    connection,
                    script: script.clone(),
                    stream: stream.unwrap(),
                    port,
                    asked: Arc::clone(&note),
                    closed: Arc::clone(&end),
                    frames: Arc::clone(&frames),
                    nonce: 0,
                    nonce_used: false,
                    alive: clock::monotonic(),
                    play: None,
                };
                std::thread::spawn(move || talk.run());
            }
        });
        Self { port, asked, closed }
    }

    pub fn url(&self) -> String {
        format!("rtsp://127.0.0.1:{}/stream?channel=1", self.port)
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// Requests of this method.
    pub fn count(&self, method: &str) -> usize {
        self.asked().iter().filter(|a| a.method == method).count()
    }

    /// Requests with a login.
    pub fn logins(&self) -> usize {
        self.asked().iter().filter(|a| a.headers.contains_key("authorization")).count()
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::Release);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

enum Way {
    Tcp,
    Udp(UdpSocket, SocketAddr),
}

struct Talk {
    connection: usize,
    script: Script,
    stream: TcpStream,
    port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
    closed: Arc<AtomicBool>,
    frames: Arc<Vec<Vec<Vec<u8>>>>,
    nonce: u32,
    nonce_used: bool,
    /// When the session was last kept alive.
    alive: Instant,
    play: Option<Play>,
}

struct Play {
    way: Way,
    began: Option<Instant>,
    sent: u32,
    seq: u16,
}

impl Talk {
    fn url(&self) -> String {
        format!("rtsp://127.0.0.1:{}/stream", self.port)
    }

    fn run(mut self) {
        let mut inbox = Vec::new();
        let mut buffer = [0; 4096];
        self.stream.set_nodelay(true).unwrap();
        while !self.closed.load(Ordering::Acquire) {
            let timeout = self.script.timeout.map(Duration::from_secs);
            if self.play.is_some() && timeout.is_some_and(|t| self.alive.elapsed() > t) {
                return;
            }
            if self.send_media().is_err() {
                return;
            }
            self.stream.set_read_timeout(Some(Duration::from_millis(10))).unwrap();
            match self.stream.read(&mut buffer) {
                Ok(0) => return,
                Ok(count) => inbox.extend_from_slice(&buffer[..count]),
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(_) => return,
            }
            loop {
                // Reports of the receiver.
                if inbox.first() == Some(&b'$') {
                    let Some(len) =
                        inbox.get(2..4).map(|l| 4 + usize::from(l[0]) * 256 + usize::from(l[1]))
                    else {
                        break;
                    };
                    if inbox.len() < len {
                        break;
                    }
                    inbox.drain(..len);
                    continue;
                }
                let Some(end) = inbox.windows(4).position(|w| w == b"\r\n\r\n") else { break };
                let head = String::from_utf8(inbox.drain(..end + 4).collect()).unwrap();
                if !self.answer(&head) {
                    return;
                }
            }
        }
    }

    /// False when the connection is to be closed.
    fn answer(&mut self, head: &str) -> bool {
        let mut lines = head.lines();
        let start: Vec<&str> = lines.next().unwrap().split(' ').collect();
        let headers: BTreeMap<String, String> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let (method, uri) = (start[0].to_owned(), start[1].to_owned());
        let asked = Asked {
            at: clock::monotonic(),
            method: method.clone(),
            uri: uri.clone(),
            headers: headers.clone(),
        };
        self.asked.lock().unwrap().push(asked);
        if let Some(bytes) = self.script.instead {
            let _ = self.stream.write_all(bytes);
            return false;
        }
        let login = headers.get("authorization");
        if self.script.hangs_up_at == Some(&method)
            || (self.script.hangs_up_on_login && login.is_some())
        {
            return false;
        }
        let cseq = headers.get("cseq").cloned().unwrap_or_default();
        if headers.get("session").is_some_and(|id| id.starts_with(SESSION)) {
            self.alive = clock::monotonic();
        }
        let (code, more) = match self.challenge(&method, &uri, login) {
            Some(challenge) => (401, format!("WWW-Authenticate: {challenge}\r\n")),
            None if method == "SETUP" && !uri.ends_with(self.script.only) => (404, String::new()),
            None => self.result(&method, &headers),
        };
        let body = if method == "DESCRIBE" && code == 200 {
            let media = self.script.media.replace("SETS", &parameter_sets(&self.frames));
            let head = self.script.head;
            let text = format!("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\n{head}{media}");
            text.replace("URL", &self.url())
        } else {
            String::new()
        };
        let extra = self.script.headers.get(&*method).copied().unwrap_or_default();
        let more = more + &extra.replace("URL", &self.url());
        let length = format!("Content-Length: {}\r\n", body.len());
        let text = format!("RTSP/1.0 {code} Said\r\nCSeq: {cseq}\r\n{more}{length}\r\n{body}");
        let sent = self.stream.write_all(text.as_bytes()).is_ok();
        if method == "PLAY"
            && code == 200
            && let Some(play) = &mut self.play
        {
            play.began = Some(clock::monotonic());
        }
        sent && method != "TEARDOWN"
    }

    fn result(&mut self, method: &str, headers: &BTreeMap<String, String>) -> (u16, String) {
        if let Some(code) = self.script.answers.get(method) {
            return (*code, String::new());
        }
        let timeout = self.script.timeout.map(|t| format!(";timeout={t}")).unwrap_or_default();
        let session = format!("Session: {SESSION}{timeout}\r\n");
        match method {
            "OPTIONS" => (200, format!("Public: {}\r\n", self.script.public)),
            "DESCRIBE" => (200, "Content-Type: application/sdp\r\n".into()),
            "SETUP" => match self.set_up(&headers["transport"]) {
                Ok(transport) => (200, format!("{session}Transport: {transport}\r\n")),
                Err(code) => (code, String::new()),
            },
            _ => (200, session),
        }
    }

    fn set_up(&mut self, wanted: &str) -> Result<String, u16> {
        let tcp = wanted.contains("/TCP");
        let offered = if tcp { self.script.tcp } else { self.script.udp };
        if !offered && self.script.no_transport != 200 {
            return Err(self.script.no_transport);
        }
        let (way, said) = if tcp == offered {
            let channel = self.script.channel;
            let said = format!("RTP/AVP/TCP;unicast;interleaved={channel}-{}", channel + 1);
            (Way::Tcp, said)
        } else {
            let ports = wanted.split("client_port=").nth(1).unwrap_or("9-10");
            let port: u16 = ports.split('-').next().unwrap().parse().unwrap();
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            let own = socket.local_addr().unwrap().port();
            let said = format!(
                "RTP/AVP;unicast;client_port={port}-{};server_port={own}-{}",
                port + 1,
                own + 1
            );
            (Way::Udp(socket, ([127, 0, 0, 1], port).into()), said)
        };
        self.play = Some(Play { way, began: None, sent: 0, seq: 1 });
        self.alive = clock::monotonic();
        Ok(said)
    }

    /// A challenge, unless `login` is right.
    fn challenge(&mut self, method: &str, uri: &str, login: Option<&String>) -> Option<String> {
        let scheme = self.script.login.filter(|_| !self.script.open || method != "OPTIONS")?;
        let nonce = format!("nonce-{}-{}", self.connection, self.nonce);
        if login.is_some_and(|login| right(scheme, login, method, uri, &nonce)) && !self.nonce_used
        {
            self.nonce_used = matches!(scheme, Scheme::DigestOnce | Scheme::DigestOnceSilent);
            return None;
        }
        let was_used = std::mem::take(&mut self.nonce_used);
        self.nonce += u32::from(was_used);
        let nonce = format!("nonce-{}-{}", self.connection, self.nonce);
        let digest = format!("Digest realm=\"cam\", nonce=\"{nonce}\"");
        Some(match scheme {
            Scheme::Basic => "Basic realm=\"cam\"".into(),
            Scheme::Digest | Scheme::DigestOnceSilent => digest,
            Scheme::DigestQop => format!("{digest}, qop=\"auth\", opaque=\"o\", stale=FALSE"),
            Scheme::DigestSha256 => format!("{digest}, qop=\"auth\", algorithm=SHA-256"),
            Scheme::DigestOnce => format!("{digest}, stale={was_used}"),
            // Of RFC 7616 (3.9), with the older ones for older viewers.
            Scheme::Many => format!(
                "{digest}, qop=\"auth\", algorithm=SHA-256\r\n\
                 WWW-Authenticate: {digest}, qop=\"auth\", algorithm=MD5, Basic realm=\"cam\"\r\n\
                 WWW-Authenticate: Bearer realm=\"cam\""
            ),
            Scheme::Bearer => "Bearer realm=\"cam\"".into(),
        })
    }

    fn send_media(&mut self) -> std::io::Result<()> {
        let Some(Play { way, began: Some(began), sent, seq }) = &mut self.play else {
            return Ok(());
        };
        if self.script.mute {
            return Ok(());
        }
        let due = began.elapsed().as_millis() as u32 * FPS / 1000;
        while *sent < due {
            let at = self.script.begins_at + *sent as usize;
            for packet in &self.frames[at % self.frames.len()] {
                let mut packet = packet.clone();
                packet[2..4].copy_from_slice(&seq.to_be_bytes());
                packet[4..8].copy_from_slice(&(*sent * (90_000 / FPS)).to_be_bytes());
                *seq = seq.wrapping_add(1);
                match way {
                    Way::Tcp => {
                        let mut framed = vec![b'$', self.script.channel];
                        framed.extend((packet.len() as u16).to_be_bytes());
                        framed.extend(packet);
                        self.stream.write_all(&framed)?;
                    }
                    Way::Udp(socket, to) => {
                        socket.send_to(&packet, *to)?;
                    }
                }
            }
            *sent += 1;
        }
        Ok(())
    }
}

/// What a decoder needs before the first picture, as in RFC 6184 (8.1): with it, decoding begins
/// before the first key frame.
fn parameter_sets(frames: &[Vec<Vec<u8>>]) -> String {
    let kind = |packet: &[u8]| packet[12] & 0x1f;
    let of = |wanted: u8| frames.iter().flatten().find(|packet| kind(packet) == wanted).unwrap();
    [7, 8].map(|wanted| glib::base64_encode(&of(wanted)[12..]).to_string()).join(",")
}

/// Is `login` the right answer to the challenge with `nonce`? By the definitions of RFC 2069,
/// 2617 and 7616.
fn right(scheme: Scheme, login: &str, method: &str, uri: &str, nonce: &str) -> bool {
    if scheme == Scheme::Basic {
        return login
            == format!("Basic {}", glib::base64_encode(format!("{USER}:{PASSWORD}").as_bytes()));
    }
    let Some(parts) = login.strip_prefix("Digest ") else { return false };
    let parts: BTreeMap<&str, &str> = parts
        .split(',')
        .filter_map(|part| part.trim().split_once('='))
        .map(|(name, value)| (name, value.trim_matches('"')))
        .collect();
    let part = |name: &str| parts.get(name).copied().unwrap_or_default();
    let kind = if matches!(scheme, Scheme::DigestSha256 | Scheme::Many) {
        glib::ChecksumType::Sha256
    } else {
        glib::ChecksumType::Md5
    };
    let hash = |text: String| glib::compute_checksum_for_string(kind, &text).unwrap();
    let (a1, a2) = (hash(format!("{USER}:cam:{PASSWORD}")), hash(format!("{method}:{uri}")));
    let want = if matches!(scheme, Scheme::DigestQop | Scheme::DigestSha256 | Scheme::Many) {
        hash(format!("{a1}:{nonce}:{}:{}:auth:{a2}", part("nc"), part("cnonce")))
    } else {
        hash(format!("{a1}:{nonce}:{a2}"))
    };
    part("username") == USER
        && part("uri") == uri
        && part("nonce") == nonce
        && part("response") == want
}

/// A clip's RTP packets, by frame.
pub fn frames(clip: &Path) -> Arc<Vec<Vec<Vec<u8>>>> {
    gst::init().unwrap();
    let text = format!(
        "filesrc location=\"{}\" ! h264parse ! rtph264pay pt=96 mtu=1200 config-interval=-1 ! \
         appsink name=sink sync=false",
        clip.display()
    );
    let pipeline = gst::parse::launch(&text).unwrap().downcast::<gst::Pipeline>().unwrap();
    let sink = pipeline.by_name("sink").unwrap().downcast::<gst_app::AppSink>().unwrap();
    pipeline.set_state(gst::State::Playing).unwrap();
    let mut frames = vec![Vec::new()];
    while let Some(sample) = sink.try_pull_sample(gst::ClockTime::from_seconds(20)) {
        let packet = sample.buffer().unwrap().map_readable().unwrap().to_vec();
        let last = packet[1] & 0x80 != 0;
        frames.last_mut().unwrap().push(packet);
        if last {
            frames.push(Vec::new());
        }
    }
    pipeline.set_state(gst::State::Null).unwrap();
    frames.retain(|frame| !frame.is_empty());
    Arc::new(frames)
}
