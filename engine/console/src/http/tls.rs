//! TLS towards people and boxes, where nothing in front of the console speaks it.
//!
//! The files are looked at each minute, as certificates are renewed and revoked while the console runs. What they say then
//! counts for whoever connects from then on; while they cannot be used, what they said before does.

use crate::config::{Door, Vouches};
use crate::pem::{Holds, TlsError, choose_cryptography, read};
use crate::vitals::Vitals;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{
    CertificateDer, CertificateRevocationListDer, PrivateKeyDer,
};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

/// How often the files are looked at.
const LOOK_EACH: Duration = Duration::from_mins(1);
/// The trouble of files that cannot be used, and what it means.
const CERTIFICATES: (&str, &str) =
    ("certificates", "the certificates that were read last go on; mend the file in [console]");

/// What the console shows of itself, and whom it believes; clones are the same one.
#[derive(Clone)]
pub struct Tls(Arc<Inner>);

struct Inner {
    door: Door,
    now: Mutex<Now>,
}

struct Now {
    files: Files,
    config: Arc<ServerConfig>,
}

/// What the files hold.
#[derive(PartialEq, Eq)]
struct Files {
    cert: Vec<u8>,
    key: Vec<u8>,
    ca: Option<Vec<u8>>,
    revoked: Option<Vec<u8>>,
}

impl Tls {
    /// By these files.
    ///
    /// # Errors
    /// Which of them cannot be used.
    pub fn open(door: &Door) -> Result<Self, TlsError> {
        choose_cryptography();
        let files = Files::of(door)?;
        let now = Mutex::new(Now { config: files.config(door)?, files });
        Ok(Self(Arc::new(Inner { door: door.clone(), now })))
    }

    /// Looks at the files each minute, without end.
    pub async fn run(self, vitals: Vitals) {
        loop {
            tokio::time::sleep(LOOK_EACH).await;
            // Whoever reads health knows.
            let _ = vitals.follow(CERTIFICATES, self.look());
        }
    }

    /// Takes up what the files hold now.
    ///
    /// # Errors
    /// Which of them cannot be used: all stays as it was.
    pub fn look(&self) -> Result<(), TlsError> {
        let Inner { door, now } = &*self.0;
        let files = Files::of(door)?;
        if now.lock().unwrap_or_else(PoisonError::into_inner).files != files {
            let config = files.config(door)?;
            *now.lock().unwrap_or_else(PoisonError::into_inner) = Now { files, config };
            tracing::info!("certificates are read anew");
        }
        Ok(())
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        let now = self.0.now.lock().unwrap_or_else(PoisonError::into_inner);
        TlsAcceptor::from(Arc::clone(&now.config))
    }
}

impl Files {
    fn of(door: &Door) -> Result<Self, TlsError> {
        let Door { cert, key, boxes } = door;
        let revoked = boxes.as_ref().and_then(|boxes| boxes.revoked.as_deref());
        Ok(Self {
            cert: read(cert, Holds::Certificates)?,
            key: read(key, Holds::Key)?,
            ca: boxes.as_ref().map(|boxes| read(&boxes.ca, Holds::Certificates)).transpose()?,
            revoked: revoked.map(|path| read(path, Holds::Revoked)).transpose()?,
        })
    }

    fn config(&self, door: &Door) -> Result<Arc<ServerConfig>, TlsError> {
        let verifier = match (&door.boxes, &self.ca) {
            (Some(boxes), Some(ca)) => self.verifier(boxes, ca)?,
            _ => WebPkiClientVerifier::no_client_auth(),
        };
        let chain = all::<CertificateDer<'_>>(&door.cert, &self.cert)?;
        let key = PrivateKeyDer::from_pem_slice(&self.key)
            .map_err(|e| TlsError::new(&door.key, e.to_string()))?;
        let config = ServerConfig::builder().with_client_cert_verifier(verifier);
        let config = config.with_single_cert(chain, key);
        let mut config = config.map_err(|e| TlsError::new(&door.cert, e.to_string()))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    /// Who shows a certificate shows a good one; people show none.
    fn verifier(
        &self,
        boxes: &Vouches,
        ca: &[u8],
    ) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
        let mut roots = RootCertStore::empty();
        for authority in all::<CertificateDer<'_>>(&boxes.ca, ca)? {
            roots.add(authority).map_err(|e| TlsError::new(&boxes.ca, e.to_string()))?;
        }
        let mut verifier = WebPkiClientVerifier::builder(Arc::new(roots)).allow_unauthenticated();
        if let (Some(path), Some(revoked)) = (&boxes.revoked, &self.revoked) {
            // Authorities in between have lists of their own, which few publish.
            verifier = verifier
                .with_crls(all::<CertificateRevocationListDer<'_>>(path, revoked)?)
                .only_check_end_entity_revocation();
        }
        let path = boxes.revoked.as_ref().unwrap_or(&boxes.ca);
        verifier.build().map_err(|e| TlsError::new(path, e.to_string()))
    }
}

fn all<T: PemObject>(path: &Path, pem: &[u8]) -> Result<Vec<T>, TlsError> {
    T::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|e| TlsError::new(path, e.to_string()))
}
