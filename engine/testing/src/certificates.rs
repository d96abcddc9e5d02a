//! Authorities, and what they vouch for: PEM files made by openssl.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Elliptic keys: they are made at once.
const NEW_KEY: &str = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";

/// A certificate and its key.
#[derive(Clone, Debug)]
pub struct Pair {
    /// PEM file.
    pub cert: PathBuf,
    /// PEM file.
    pub key: PathBuf,
}

/// Somebody who vouches for others.
pub struct Authority {
    dir: PathBuf,
    name: String,
}

impl Authority {
    /// With files in `dir`.
    pub fn new(dir: &Path, name: &str) -> Self {
        let authority = Self { dir: dir.to_owned(), name: name.to_owned() };
        authority.openssl(&format!(
            "req -x509 {NEW_KEY} -days 2 -subj /CN={name} -keyout {name}.key -out {name}.pem"
        ));
        authority
    }

    /// Its own certificate.
    pub fn cert(&self) -> PathBuf {
        self.dir.join(format!("{}.pem", self.name))
    }

    /// Vouches for somebody of this common name; `extension` is a line such as `subjectAltName=IP:127.0.0.1`.
    pub fn signs(&self, common_name: &str, extension: &str) -> Pair {
        let name = &self.name;
        let own = format!("{name}-{common_name}");
        self.openssl(&format!(
            "req {NEW_KEY} -subj /CN={common_name} -keyout {own}.key -out {own}.csr"
        ));
        fs::write(self.dir.join("extension"), format!("{extension}\n")).unwrap();
        self.openssl(&format!(
            "x509 -req -in {own}.csr -CA {name}.pem -CAkey {name}.key -CAcreateserial -days 2 \
             -extfile extension -out {own}.pem"
        ));
        let [cert, key] = ["pem", "key"].map(|end| self.dir.join(format!("{own}.{end}")));
        Pair { cert, key }
    }

    /// Vouches no more for these; its list of all those.
    pub fn revokes(&self, pairs: &[&Pair]) -> PathBuf {
        let name = &self.name;
        let settings = format!(
            "[ca]\ndefault_ca=own\n[own]\ndatabase={name}.index\ncrlnumber={name}.number\n\
             default_md=sha256\ndefault_crl_days=2\ncertificate={name}.pem\nprivate_key={name}.key\n"
        );
        fs::write(self.dir.join("settings"), settings).unwrap();
        fs::write(self.dir.join(format!("{name}.index")), "").unwrap();
        fs::write(self.dir.join(format!("{name}.number")), "01\n").unwrap();
        for Pair { cert, .. } in pairs {
            self.openssl(&format!("ca -config settings -revoke {}", cert.display()));
        }
        self.openssl(&format!("ca -config settings -gencrl -out {name}.crl"));
        self.dir.join(format!("{name}.crl"))
    }

    fn openssl(&self, arguments: &str) {
        let mut command = Command::new("openssl");
        command.args(arguments.split_whitespace()).current_dir(&self.dir).stdin(Stdio::null());
        let done = command.output().expect("openssl must be installed for this test");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
}
