//! Boxes that are known by their certificates, and the console's own, over TLS.

use super::sample::{PICTURE, PICTURE_NAME, heard};
use super::support::{Answer, Console, Session, Setup};
use serde_json::json;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use viahe_console::config::{Door, Vouches};
use viahe_console::people::{Need, RIGHTS};
use viahe_testing::certificates::{Authority, Pair};

/// A certificate of version 3 that says nothing more.
const PLAIN: &str = "extendedKeyUsage=clientAuth";

/// A client that believes `authority`, and shows this.
fn client(authority: &Authority, shows: Option<&Pair>) -> Arc<ClientConfig> {
    let certificate = |path: &Path| CertificateDer::from_pem_file(path).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate(&authority.cert())).unwrap();
    let config = ClientConfig::builder().with_root_certificates(roots);
    let config = match shows {
        None => config.with_no_client_auth(),
        Some(Pair { cert, key }) => {
            let key = PrivateKeyDer::from_pem_file(key).unwrap();
            config.with_client_auth_cert(vec![certificate(cert)], key).unwrap()
        }
    };
    Arc::new(config)
}

/// A console that speaks TLS and believes this authority of boxes.
fn console(authority: &Authority, setup: Setup<'_>) -> (Console, Door) {
    let own = authority.signs("ioc.test", "subjectAltName=IP:127.0.0.1");
    let revoked = authority.revokes(&[]);
    let boxes = Vouches { ca: authority.cert(), revoked: Some(revoked) };
    let door = Door { cert: own.cert, key: own.key, boxes: Some(boxes) };
    let console = Console::with(Setup { door: Some(door.clone()), ..setup });
    (console, door)
}

fn path() -> String {
    format!("/v1/evidence/{PICTURE_NAME}")
}

fn put(console: &Console, more: &[(&str, &str)]) -> io::Result<Answer> {
    let headers = [&[("content-type", "image/jpeg")], more].concat();
    console.try_to_send("PUT", &path(), &headers, PICTURE)
}

/// How many bytes of the picture the box has brought that shows this.
fn brought(console: &mut Console, shows: Arc<ClientConfig>) -> (u16, Option<String>) {
    console.shows = Some(shows);
    let answer = console.send("HEAD", &path(), &[], &[]);
    (answer.status, answer.header("content-length").map(str::to_owned))
}

#[test]
fn a_box_brings_pictures_of_the_site_that_its_certificate_names() {
    let files = tempfile::tempdir().unwrap();
    let [ours, others] = ["ours", "others"].map(|name| Authority::new(files.path(), name));
    let (mut console, _) = console(&ours, Setup::default());
    let batch = vec![heard("hue", 1, 1), heard("da-nang", 2, 1)];
    console.runtime.block_on(console.store.take(batch)).unwrap();
    let whole = (200, Some(PICTURE.len().to_string()));

    console.shows = Some(client(&ours, None));
    assert_eq!(put(&console, &[]).unwrap().status, 401, "nobody");
    let token = console.token("box-hue", "box", Some(&["hue"]));
    let by_name = ours.signs("hue", PLAIN);
    console.shows = Some(client(&ours, Some(&by_name)));
    let answer = put(&console, &[]).unwrap();
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(brought(&mut console, client(&ours, Some(&by_name))), whole);

    // What stands as a DNS name counts before the common name.
    let da_nang = ours.signs("hue-old", "subjectAltName=DNS:da-nang");
    assert_eq!(brought(&mut console, client(&ours, Some(&da_nang))).0, 404, "another site's");
    assert_eq!(put(&console, &[]).unwrap().status, 201);
    assert_eq!(brought(&mut console, client(&ours, Some(&da_nang))), whole);
    // A token counts alone, a good one and a bad one.
    let bearer = [("authorization", &*token)];
    let me = console.ask("GET", "/v1/me", &bearer, None).json();
    assert_eq!((&me["name"], &me["sites"]), (&json!("box-hue"), &json!(["hue"])));
    let bad = [("authorization", "Bearer vht_none")];
    assert_eq!(console.ask("GET", "/v1/me", &bad, None).status, 401);
    let me = console.ask("GET", "/v1/me", &[], None).json();
    assert_eq!((&me["role"], &me["sites"]), (&json!("box"), &json!(["da-nang"])));
    // Another page that a browser with this certificate shows says nothing.
    assert_eq!(put(&console, &[("origin", "https://evil.test")]).unwrap().kind(), "csrf");

    for (name, extension) in [("Hue_1", PLAIN), ("of-two", "subjectAltName=DNS:hue,DNS:da-nang")] {
        console.shows = Some(client(&ours, Some(&ours.signs(name, extension))));
        let answer = put(&console, &[]).unwrap();
        assert_eq!(answer.status, 401, "{name}");
        assert!(answer.body.contains("names no site"), "{}", answer.body);
    }
    console.shows = Some(client(&ours, Some(&others.signs("hue", PLAIN))));
    let refused = put(&console, &[]).err().unwrap();
    assert!(refused.to_string().contains("alert"), "the other side hears why: {refused}");
    // People need none.
    console.shows = Some(client(&ours, None));
    let admin = console.admin();
    assert_eq!(console.ask("GET", "/v1/queue", &admin.headers(), None).status, 200);
    // With a session it is the person who counts.
    console.shows = Some(client(&ours, Some(&by_name)));
    let me = console.ask("GET", "/v1/me", &admin.headers(), None).json();
    assert_eq!(me["name"], "admin");
}

#[test]
fn a_certificate_opens_what_the_table_gives_a_box_and_nothing_else() {
    let files = tempfile::tempdir().unwrap();
    let ours = Authority::new(files.path(), "ours");
    let (mut console, _) = console(&ours, Setup::default());
    console.shows = Some(client(&ours, Some(&ours.signs("hue", PLAIN))));
    for (method, route, need) in RIGHTS.iter().filter(|(_, _, need)| *need != Need::Nothing) {
        let path = route.replace("{sha256}", PICTURE_NAME).replace(['{', '}'], "");
        let answer = console.ask(method, &path, &[], None);
        let may = need.is_met_by("box".parse().unwrap());
        assert_eq!(answer.status != 403, may, "{method} {route}: {}", answer.status);
        assert!(answer.status < 500, "{method} {route}");
    }
}

#[test]
fn what_is_revoked_is_out_and_files_that_cannot_be_read_change_nothing() {
    let files = tempfile::tempdir().unwrap();
    let ours = Authority::new(files.path(), "ours");
    let (mut console, door) = console(&ours, Setup::default());
    let [hue, da_nang] = ["hue", "da-nang"].map(|name| ours.signs(name, PLAIN));
    let tls = console.tls.clone().unwrap();
    console.shows = Some(client(&ours, Some(&hue)));
    assert_eq!(put(&console, &[]).unwrap().status, 201);
    ours.revokes(&[&hue]);
    tls.look().unwrap();
    console.shows = Some(client(&ours, Some(&hue)));
    let refused = put(&console, &[]).err().unwrap();
    assert!(refused.to_string().contains("CertificateRevoked"), "{refused}");
    console.shows = Some(client(&ours, Some(&da_nang)));
    assert_eq!(put(&console, &[]).unwrap().status, 201);

    let good = fs::read(&door.cert).unwrap();
    let other = ours.signs("another", "subjectAltName=IP:127.0.0.1");
    for broken in [&b"nothing"[..], &fs::read(&other.cert).unwrap()] {
        fs::write(&door.cert, broken).unwrap();
        let error = tls.look().unwrap_err().to_string();
        assert!(error.contains(&*door.cert.to_string_lossy()), "{error}");
        console.shows = Some(client(&ours, Some(&da_nang)));
        assert_eq!(put(&console, &[]).unwrap().status, 200, "as before");
    }
    // A new certificate and key are shown from then on.
    fs::copy(&other.key, &door.key).unwrap();
    tls.look().unwrap();
    console.shows = Some(client(&ours, Some(&da_nang)));
    assert_eq!(put(&console, &[]).unwrap().status, 200);
    fs::write(&door.cert, good).unwrap();
    assert!(tls.look().is_err(), "it does not fit the key");
}

#[test]
fn the_certificate_of_a_proxy_is_not_that_of_who_asks_by_it() {
    let files = tempfile::tempdir().unwrap();
    let ours = Authority::new(files.path(), "ours");
    let proxy = Some([127, 0, 0, 1].into());
    let (mut console, _) = console(&ours, Setup { proxy, ..Setup::default() });
    console.shows = Some(client(&ours, Some(&ours.signs("hue", PLAIN))));
    assert_eq!(put(&console, &[]).unwrap().status, 401);
    let session = Session::of(&console.log_in("admin", &console.password));
    assert_eq!(console.ask("GET", "/v1/me", &session.headers(), None).status, 200);
}
