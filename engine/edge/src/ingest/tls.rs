//! Encrypted cameras: whom the box trusts, and why a camera is not trusted.

use super::IngestError;
use super::fault::Fault;
use gio::prelude::*;
use gio::{TlsCertificateFlags as Flaw, TlsError};
use gstreamer::glib;
use gstreamer_rtsp_server::gio;
use std::path::Path;
use viahe_contract::message::CameraFault;

/// Each step of the enquiry for RTSP without TLS may take so long.
const STEP_MAX_SECS: u32 = 3;

/// The certificates of a PEM file, as those to check a camera's against.
///
/// # Errors
/// [`IngestError::Authority`] when the file cannot be read or holds none.
pub(super) fn authorities(file: &Path) -> Result<gio::TlsDatabase, IngestError> {
    let refuse = |reason: String| IngestError::Authority { path: file.to_owned(), reason };
    // GIO takes absolute paths only, and loads nothing from a file without certificates.
    let whole = std::path::absolute(file).map_err(|e| refuse(e.to_string()))?;
    std::fs::File::open(&whole).map_err(|e| refuse(e.to_string()))?;
    let held = gio::TlsCertificate::list_new_from_file(&whole);
    if held.map_err(|e| refuse(e.message().to_owned()))?.is_empty() {
        return Err(refuse("it holds no certificate".into()));
    }
    let database = gio::TlsFileDatabase::new(&whole);
    database.map(Cast::upcast).map_err(|e| refuse(e.message().to_owned()))
}

/// TLS over `plain`.
///
/// # Errors
/// What is wrong with the camera's encryption, for people. Where it is not the certificate, RTSP
/// without TLS is tried, for 3 s at most.
pub(super) fn handshake(
    client: &gio::SocketClient,
    plain: &gio::SocketConnection,
    camera: &gio::NetworkAddress,
    ca: Option<&Path>,
    stop: &gio::Cancellable,
) -> Result<gio::TlsClientConnection, Fault> {
    let tls =
        gio::TlsClientConnection::new(plain, Some(camera)).map_err(|e| handshake_fault(&e))?;
    if let Some(file) = ca {
        tls.set_database(Some(&authorities(file)?));
    }
    let Err(error) = tls.handshake(Some(stop)) else { return Ok(tls) };
    let flaws = tls.peer_certificate_errors();
    let refused = error.kind::<TlsError>() == Some(TlsError::BadCertificate) && !flaws.is_empty();
    drop(tls);
    Err(if refused {
        certificate_fault(flaws, ca.is_some())
    } else if speaks_plainly(client, camera) {
        no_tls()
    } else {
        handshake_fault(&error)
    })
}

/// Is RTSP without TLS answered? Errors of the handshake do not tell: some cameras answer it in
/// RTSP, some hang up, some say nothing.
fn speaks_plainly(client: &gio::SocketClient, camera: &gio::NetworkAddress) -> bool {
    const ASKED: &[u8] = b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: viahe\r\n\r\n";
    client.set_timeout(STEP_MAX_SECS);
    let heard = || {
        let plain = SocketClientExt::connect(client, camera, gio::Cancellable::NONE).ok()?;
        plain.output_stream().write_all(ASKED, gio::Cancellable::NONE).ok()?;
        let mut answer = [0; 5];
        plain.input_stream().read_all(&mut answer, gio::Cancellable::NONE).ok()?;
        Some(answer)
    };
    heard().is_some_and(|answer| &answer == b"RTSP/")
}

fn no_tls() -> Fault {
    Fault::new(
        CameraFault::NoTls,
        "the camera speaks no TLS at this port; use rtsp://, or the port of its rtsps://",
    )
}

fn certificate_fault(flaws: Flaw, ca_given: bool) -> Fault {
    let unknown = CameraFault::CertificateUnknown { ca_given };
    let (code, why) = if flaws.contains(Flaw::UNKNOWN_CA) && ca_given {
        (unknown, "it is neither in `ca` nor signed by one there; fetch it from the camera again")
    } else if flaws.contains(Flaw::UNKNOWN_CA) {
        (unknown, "give it, or that of the authority that signed it, as `ca`")
    } else if flaws.contains(Flaw::BAD_IDENTITY) {
        (
            CameraFault::CertificateOfAnother,
            "it is for another name or address; use one that it holds in `url`, or make the camera \
             a certificate for its address",
        )
    } else if flaws.intersects(Flaw::EXPIRED | Flaw::NOT_ACTIVATED) {
        (
            CameraFault::CertificateNotToday,
            "it is not valid today; correct the clock of the box, or renew the certificate",
        )
    } else {
        let why = "it is revoked or of a weak kind; make the camera a new one";
        (CameraFault::CertificateWeak, why)
    };
    Fault::new(code, format!("the camera's certificate is not trusted: {why}"))
}

fn handshake_fault(error: &glib::Error) -> Fault {
    match error.kind::<TlsError>() {
        Some(TlsError::Unavailable) => Fault::new(
            CameraFault::BoxWithoutTls,
            "this box speaks no TLS; install the package \"glib-networking\"",
        ),
        Some(TlsError::CertificateRequired) => Fault::new(
            CameraFault::CertificateWanted,
            "the camera asks for a certificate of the box, which viahe has not; switch that off",
        ),
        // A camera that restarts does this as well, so it is tried again soon; `NotTls` is said
        // of one that just hangs up, too.
        _ => Fault::new(
            CameraFault::TlsBrokenOff,
            "the camera breaks the TLS handshake off; if it stays so, look whether this port is \
             that of its rtsps://, and renew its firmware",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::pace::Pace;

    #[test]
    fn each_flaw_has_its_remedy() {
        for (flaws, ca_given, word) in [
            (Flaw::UNKNOWN_CA, false, "as `ca`"),
            (Flaw::UNKNOWN_CA | Flaw::BAD_IDENTITY, true, "fetch it"),
            (Flaw::BAD_IDENTITY, true, "another name"),
            (Flaw::EXPIRED, true, "clock"),
            (Flaw::NOT_ACTIVATED, false, "clock"),
            (Flaw::INSECURE, true, "weak"),
        ] {
            let fault = certificate_fault(flaws, ca_given);
            assert!(fault.text.contains(word), "{flaws:?}: {fault:?}");
            assert_eq!(fault.pace(), Pace::Slow);
        }
    }

    #[test]
    fn a_file_that_is_no_certificate_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let empty = dir.path().join("empty.pem");
        std::fs::write(&empty, "no certificate\n").unwrap();
        crate::ingest::init().unwrap();
        for file in [empty, dir.path().join("none.pem"), dir.path().to_owned()] {
            let fault = Fault::from(authorities(&file).unwrap_err());
            assert!(fault.text.contains(&format!("{file:?}")), "{fault:?}");
            assert!(fault.text.contains("PEM"), "{fault:?}");
            assert_eq!(fault.pace(), Pace::Slow);
        }
    }
}
