//! The way to the console: HTTP, encrypted or not.

use super::answer::{Answer, Denial, Said};
use crate::publish::choose_cryptography;
use rustls::AlertDescription;
use rustls::pki_types::PrivateKeyDer;
use rustls::sign::CertifiedKey;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use ureq::http::{HeaderMap, Response, header};
use ureq::tls::{Certificate, ClientCert, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body, RequestBuilder};
use viahe_contract::message::Medium;
use viahe_contract::sha256::Sha256;
use viahe_core::plan::Console;

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
    /// A file of certificates or a key is not there, or is none.
    #[error("[console] {path}: {why}; name a PEM file of {wanted}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
        /// What it is to hold, and by which key it is named.
        wanted: &'static str,
    },
    /// There is no thread.
    #[error("no thread for pictures: {0}")]
    Thread(#[from] io::Error),
}

/// A console. Its connection is kept while it is used.
#[derive(Debug)]
pub(super) struct Link {
    agent: Agent,
    console: Console,
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
    /// [`UploadError::File`].
    pub(super) fn new(console: &Console) -> Result<Self, UploadError> {
        let mut tls = TlsConfig::builder();
        if console.url.starts_with("https://") {
            choose_cryptography();
            let path = console.ca.as_deref().unwrap_or(Path::new(AUTHORITIES));
            let trusted = certificates(path, "authorities in `ca`")?;
            tls = tls.root_certs(RootCerts::Specific(Arc::new(trusted)));
            if let Some((cert, key)) = &console.client {
                tls = tls.client_cert(Some(client(cert, key)?));
            }
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
        Ok(Self { agent, console: console.clone() })
    }

    /// Reads the files of TLS anew: certificates are renewed while a box runs. While they cannot be used, those that were
    /// read before are.
    pub(super) fn renew(&mut self) {
        if !self.console.url.starts_with("https://") {
            return;
        }
        match Self::new(&self.console) {
            Ok(anew) => *self = anew,
            Err(error) => tracing::debug!(%error, "the certificates stay as they were"),
        }
    }

    /// Does it have this picture of `size` bytes?
    pub(super) fn ask(&self, sha256: Sha256, size: usize) -> Answer {
        let answer = self.authorised(self.agent.head(self.address(sha256))).call();
        answered(answer, |said| Answer::to_question(said, size as u64))
    }

    /// Sends a part of a picture.
    pub(super) fn put(&self, sha256: Sha256, medium: Medium, part: &Part<'_>) -> Answer {
        let Part { whole, from, to } = part;
        let put = self.authorised(self.agent.put(self.address(sha256)));
        let mut put = put.content_type(media_type(medium));
        if *from > 0 || *to < whole.len() {
            let range = format!("bytes {from}-{}/{}", to.saturating_sub(1), whole.len());
            put = put.header("content-range", range);
        }
        let answer = put.send(&whole[*from..*to]);
        answered(answer, |said| Answer::to_part(said, whole.len() as u64))
    }

    fn address(&self, sha256: Sha256) -> String {
        format!("{}/v1/evidence/{sha256}", self.console.url)
    }

    fn authorised<T>(&self, request: RequestBuilder<T>) -> RequestBuilder<T> {
        match &self.console.token {
            Some(token) => request.header("authorization", format!("Bearer {}", token.reveal())),
            None => request,
        }
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
        Err(error) => match disliked(&error) {
            Some(alert) => {
                let why = alert.as_str().unwrap_or("an alert of TLS");
                Answer::Denied(Denial::Certificate(why.to_owned()))
            }
            None => Answer::Away(error.to_string()),
        },
    }
}

/// What the other side has against this box's certificate.
fn disliked(error: &ureq::Error) -> Option<AlertDescription> {
    let of_tls = match error {
        ureq::Error::Rustls(error) => Some(error),
        ureq::Error::Io(error) => error.get_ref().and_then(|e| e.downcast_ref::<rustls::Error>()),
        _ => None,
    };
    let Some(rustls::Error::AlertReceived(alert)) = of_tls else { return None };
    let against = matches!(
        alert,
        AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::CertificateRequired
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
    );
    against.then_some(*alert)
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// What stands in a PEM file, if `pick` wants it.
fn items<T>(
    path: &Path,
    wanted: &'static str,
    pick: impl Fn(PemItem<'static>) -> Option<T>,
) -> Result<Vec<T>, UploadError> {
    let failed = |why: String| UploadError::File { path: path.to_owned(), why, wanted };
    let text = std::fs::read(path).map_err(|e| failed(e.to_string()))?;
    let picked = |item: Result<_, ureq::Error>| item.map(&pick).transpose();
    let all: Result<Vec<T>, _> = parse_pem(&text).filter_map(picked).collect();
    let all = all.map_err(|e| failed(e.to_string()))?;
    if all.is_empty() { Err(failed("it holds none".into())) } else { Ok(all) }
}

fn certificates(
    path: &Path,
    wanted: &'static str,
) -> Result<Vec<Certificate<'static>>, UploadError> {
    items(path, wanted, |item| match item {
        PemItem::Certificate(certificate) => Some(certificate),
        _ => None,
    })
}

/// This box's certificate and its key, which fit each other: the library ends the thread if they do not.
fn client(cert: &Path, key: &Path) -> Result<ClientCert, UploadError> {
    let wanted = "the private key of `cert` in `key`";
    let failed = |why: &str| UploadError::File { path: key.to_owned(), why: why.into(), wanted };
    let chain = certificates(cert, "this box's certificate in `cert`")?;
    let keys = items(key, wanted, |item| match item {
        PemItem::PrivateKey(key) => Some(key),
        _ => None,
    })?;
    let own = keys.into_iter().next().ok_or_else(|| failed("it holds none"))?;
    let ders = chain.iter().map(|certificate| certificate.der().to_vec().into()).collect();
    let der = PrivateKeyDer::try_from(own.der().to_vec()).map_err(failed)?;
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let fit = CertifiedKey::from_der(ders, der, &provider);
    fit.map_err(|e| failed(&format!("it does not fit the certificate in `cert` ({e})")))?;
    Ok(ClientCert::new_with_certs(&chain, own))
}
