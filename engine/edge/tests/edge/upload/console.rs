//! A console for tests: a real server, which does what it is told to.

use rumqttc::tokio_rustls::rustls::pki_types::pem::PemObject as _;
use rumqttc::tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rumqttc::tokio_rustls::rustls::server::WebPkiClientVerifier;
use rumqttc::tokio_rustls::rustls::{
    RootCertStore, ServerConfig, ServerConnection, StreamOwned, crypto,
};
use sha2::Digest as _;
use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use viahe_contract::sha256::Sha256;
use viahe_testing::certificates::Authority;

pub(crate) const TOKEN: &str = "vht_of-this-box";

/// What it does with a request, beside what a console does.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Answers this, whatever it is asked.
    Status(u16),
    /// Hangs up after so many bytes of the body; it keeps them.
    Cut(usize),
    /// Answers what is no HTTP.
    Garbage,
    /// Says that it has so many bytes.
    Claims(u64),
    /// Does as it should, a byte at a time.
    Dribble,
}

#[derive(Default)]
struct State {
    parts: BTreeMap<Sha256, Vec<u8>>,
    /// With their sizes.
    whole: Vec<(Sha256, usize)>,
    acts: VecDeque<Act>,
    requests: Vec<String>,
    token: String,
}

/// Clones are one and the same.
#[derive(Clone)]
pub(crate) struct TestConsole {
    state: Arc<(Mutex<State>, Condvar)>,
    pub(crate) addr: SocketAddr,
}

struct Request {
    head: String,
    sha256: Sha256,
    headers: BTreeMap<String, String>,
}

impl TestConsole {
    pub(crate) fn start(acts: impl IntoIterator<Item = Act>) -> Self {
        Self::start_with(acts, None)
    }

    /// One that lets in by certificates of `authority`, and wants no token.
    pub(crate) fn by_certificate(authority: &Authority) -> Self {
        let console = Self::start_with([], Some(server(authority)));
        console.lets_in("");
        console
    }

    fn start_with(acts: impl IntoIterator<Item = Act>, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let acts = acts.into_iter().collect();
        let state = State { acts, token: TOKEN.to_owned(), ..State::default() };
        let console = Self { state: Arc::new((Mutex::new(state), Condvar::new())), addr };
        let serving = console.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (serving, tls) = (serving.clone(), tls.clone());
                // Whatever goes wrong with a connection ends it.
                std::thread::spawn(move || {
                    let stream = stream.ok()?;
                    stream.set_nodelay(true).ok()?;
                    let Some(tls) = tls else { return serving.serve(stream) };
                    let stream = StreamOwned::new(ServerConnection::new(tls).ok()?, stream);
                    serving.serve(stream)
                });
            }
        });
        console
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.0.lock().unwrap()
    }

    /// Pictures in the order in which they became whole.
    pub(crate) fn whole(&self) -> Vec<Sha256> {
        self.state().whole.iter().map(|(sha256, _)| *sha256).collect()
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.state().requests.clone()
    }

    /// The token that lets in from now on.
    pub(crate) fn lets_in(&self, token: &str) {
        token.clone_into(&mut self.state().token);
    }

    /// Waits until there were so many requests.
    pub(crate) fn wait_for_requests(&self, count: usize) {
        let wait = self.state.1.wait_timeout_while(self.state(), viahe_testing::wait::LONG, |s| {
            s.requests.len() < count
        });
        assert!(wait.unwrap().0.requests.len() >= count);
    }

    fn serve(&self, stream: impl Read + Write) -> Option<()> {
        let mut reader = BufReader::new(stream);
        loop {
            let request = read_head(&mut reader)?;
            let act = {
                let mut state = self.state();
                let range = request.headers.get("content-range");
                let range = range.map(|range| format!(" {range}")).unwrap_or_default();
                state.requests.push(format!("{}{range}", request.head));
                self.state.1.notify_all();
                state.acts.pop_front()
            };
            let length = request.headers.get("content-length");
            let length: usize = length.map_or(Some(0), |n| n.parse().ok())?;
            let taken = if let Some(Act::Cut(after)) = act { after.min(length) } else { length };
            let mut body = vec![0; taken];
            reader.read_exact(&mut body).ok()?;
            let stream = reader.get_mut();
            let (status, header) = self.answer(&request, &body, act.as_ref());
            match act {
                Some(Act::Cut(_)) => return None,
                Some(Act::Garbage) => {
                    return stream.write_all(b"\0\0 no such thing\r\n\r\n").ok();
                }
                _ => {}
            }
            let (text, length) = match &*request.head {
                "HEAD" if header.starts_with("content-length") => ("", String::new()),
                "HEAD" => ("", "content-length: 0\r\n".to_owned()),
                _ => ("{}", "content-length: 2\r\n".to_owned()),
            };
            let answer = format!("HTTP/1.1 {status} x\r\n{length}{header}\r\n{text}");
            if matches!(act, Some(Act::Dribble)) {
                answer.bytes().try_for_each(|byte| stream.write_all(&[byte])).ok()?;
            } else {
                stream.write_all(answer.as_bytes()).ok()?;
            }
        }
    }

    fn answer(&self, request: &Request, body: &[u8], act: Option<&Act>) -> (u16, String) {
        let mut state = self.state();
        let offset = |n: usize| format!("upload-offset: {n}\r\n");
        let Request { head, sha256, headers } = request;
        let by_token = format!("Bearer {}", state.token);
        let wanted = (!state.token.is_empty()).then_some(&by_token);
        if headers.get("authorization") != wanted {
            return (401, String::new());
        }
        match act {
            Some(Act::Status(status)) => return (*status, String::new()),
            Some(Act::Claims(n)) => return (404, format!("upload-offset: {n}\r\n")),
            Some(Act::Garbage) => return (0, String::new()),
            _ => {}
        }
        let whole = state.whole.iter().find(|(whole, _)| whole == sha256).map(|(_, size)| *size);
        let part = state.parts.entry(*sha256).or_default();
        if head == "HEAD" {
            return match whole {
                Some(size) => (200, format!("content-length: {size}\r\n")),
                None => (404, offset(part.len())),
            };
        }
        assert_eq!(headers["content-type"], "image/jpeg");
        let length: usize = headers["content-length"].parse().unwrap();
        let (from, total) = match headers.get("content-range") {
            None => (0, length),
            Some(range) => {
                let (range, total) = range.strip_prefix("bytes ").unwrap().split_once('/').unwrap();
                let (from, last) = range.split_once('-').unwrap();
                let (from, last): (usize, usize) = (from.parse().unwrap(), last.parse().unwrap());
                assert_eq!(last + 1 - from, length, "{headers:?}");
                (from, total.parse().unwrap())
            }
        };
        if let Some(size) = whole {
            return (200, offset(size));
        }
        if from > part.len() {
            return (416, String::new());
        }
        part.truncate(from);
        part.extend_from_slice(body);
        let (length, hash) = (part.len(), Sha256::from_bytes(sha2::Sha256::digest(&*part).into()));
        if length < total {
            return (202, offset(length));
        }
        state.parts.remove(sha256);
        if hash != *sha256 {
            return (422, String::new());
        }
        state.whole.push((*sha256, length));
        (201, offset(length))
    }
}

fn read_head(reader: &mut impl BufRead) -> Option<Request> {
    let mut line = || {
        let mut line = String::new();
        (reader.read_line(&mut line).ok()? > 0).then(|| line.trim_end().to_owned())
    };
    let first = line()?;
    let (head, path) = first.strip_suffix(" HTTP/1.1")?.split_once(' ')?;
    let sha256 = Sha256::try_from(path.strip_prefix("/v1/evidence/")?).ok()?;
    let mut headers = BTreeMap::new();
    loop {
        let line = line()?;
        match line.split_once(':') {
            Some((name, value)) => {
                headers.insert(name.to_ascii_lowercase(), value.trim().to_owned())
            }
            None => return Some(Request { head: head.to_owned(), sha256, headers }),
        };
    }
}

fn server(authority: &Authority) -> Arc<ServerConfig> {
    let _ = crypto::aws_lc_rs::default_provider().install_default();
    let own = authority.signs("console", "subjectAltName=IP:127.0.0.1");
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority.cert()).unwrap()).unwrap();
    let verifier = WebPkiClientVerifier::builder(Arc::new(roots)).build().unwrap();
    let chain = vec![CertificateDer::from_pem_file(own.cert).unwrap()];
    let key = PrivateKeyDer::from_pem_file(own.key).unwrap();
    let config = ServerConfig::builder().with_client_cert_verifier(verifier);
    Arc::new(config.with_single_cert(chain, key).unwrap())
}
