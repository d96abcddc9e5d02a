//! The way to the console: HTTP, encrypted or not.

use super::answer::{Answer, Said};
use crate::publish::choose_cryptography;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use ureq::http::{HeaderMap, Response, header};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body};
use viahe_contract::message::Medium;
use viahe_contract::sha256::Sha256;
use viahe_core::plan::{Console, Secret};

/// Whom Debian trusts, unless the pipeline says otherwise.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";
/// To be connected, encryption included.
const CONNECT_WITHIN: Duration = Duration::from_secs(20);
/// A line on which nothing moves for so long is gone.
const MOVES_WITHIN: Duration = Duration::from_secs(30);
/// Longest request; a part of a picture at a kilobyte a second.
const REQUEST_WITHIN: Duration = Duration::from_mins(5);
/// More of an answer's text is not read.
const TEXT_BYTES_MAX: u64 = 16 << 10;

/// Why no picture can ever be sent.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// A file of certificates is not there, or is none.
    #[error("[console] {path}: {why}; name a PEM file of certificates in `ca`")]
    Authorities {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// There is no thread.
    #[error("no thread for pictures: {0}")]
    Thread(#[from] io::Error),
}

/// A console. Its connection is kept while it is used.
#[derive(Debug)]
pub(super) struct Link {
    agent: Agent,
    url: String,
    token: Secret,
}

/// Bytes of a picture from one place on.
pub(super) struct Part<'a> {
    /// All of it.
    pub(super) whole: &'a [u8],
    pub(super) from: usize,
    pub(super) to: usize,
}

impl Link {
    /// # Errors
    /// [`UploadError::Authorities`].
    pub(super) fn new(console: &Console) -> Result<Self, UploadError> {
        let mut tls = TlsConfig::builder();
        if console.url.starts_with("https://") {
            choose_cryptography();
            let path = console.ca.as_deref().unwrap_or(Path::new(AUTHORITIES));
            tls = tls.root_certs(RootCerts::Specific(Arc::new(authorities(path)?)));
        }
        let agent = Agent::config_builder()
            .user_agent(concat!("viahe/", env!("CARGO_PKG_VERSION")))
            .http_status_as_error(false)
            // A token goes nowhere else.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .tls_config(tls.build())
            .timeout_connect(Some(CONNECT_WITHIN))
            .timeout_per_read(Some(MOVES_WITHIN))
            .timeout_per_write(Some(MOVES_WITHIN))
            .timeout_global(Some(REQUEST_WITHIN))
            .build()
            .new_agent();
        Ok(Self { agent, url: console.url.clone(), token: console.token.clone() })
    }

    /// Does it have this picture of `size` bytes?
    pub(super) fn ask(&self, sha256: Sha256, size: usize) -> Answer {
        let head = self.agent.head(self.address(sha256));
        let answer = head.header("authorization", self.authorization()).call();
        answered(answer, |said| Answer::to_question(said, size as u64))
    }

    /// Sends a part of a picture.
    pub(super) fn put(&self, sha256: Sha256, medium: Medium, part: &Part<'_>) -> Answer {
        let Part { whole, from, to } = part;
        let mut put = self
            .agent
            .put(self.address(sha256))
            .header("authorization", self.authorization())
            .content_type(media_type(medium));
        if *from > 0 || *to < whole.len() {
            let range = format!("bytes {from}-{}/{}", to.saturating_sub(1), whole.len());
            put = put.header("content-range", range);
        }
        let answer = put.send(&whole[*from..*to]);
        answered(answer, |said| Answer::to_part(said, whole.len() as u64))
    }

    fn address(&self, sha256: Sha256) -> String {
        format!("{}/v1/evidence/{sha256}", self.url)
    }

    fn authorization(&self) -> String {
        format!("Bearer {}", self.token.reveal())
    }
}

fn media_type(medium: Medium) -> &'static str {
    match medium {
        Medium::Jpeg => "image/jpeg",
    }
}

fn answered(
    answer: Result<Response<Body>, ureq::Error>,
    means: impl FnOnce(Said) -> Answer,
) -> Answer {
    match answer {
        Ok(mut answer) => {
            let number = |name| number(answer.headers(), name);
            let (offset, length) =
                (number("upload-offset"), number(header::CONTENT_LENGTH.as_str()));
            let said = Said { status: answer.status().as_u16(), offset, length };
            // Read to its end, so that the connection can go on; what cannot be read ends it.
            let text = answer.body_mut().with_config().limit(TEXT_BYTES_MAX).read_to_vec();
            drop(text);
            means(said)
        }
        Err(error) => Answer::Away(error.to_string()),
    }
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

fn authorities(path: &Path) -> Result<Vec<Certificate<'static>>, UploadError> {
    let failed = |why: String| UploadError::Authorities { path: path.to_owned(), why };
    let text = std::fs::read(path).map_err(|e| failed(e.to_string()))?;
    let certificate = |item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(Ok(certificate)),
        Ok(_) => None,
        Err(error) => Some(Err(failed(format!("{error}")))),
    };
    let all = parse_pem(&text).filter_map(certificate).collect::<Result<Vec<_>, _>>()?;
    if all.is_empty() {
        return Err(failed("there is no certificate in it".into()));
    }
    Ok(all)
}
