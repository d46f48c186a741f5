//! Certificates of an authority of our own, and of one that is a stranger.

use std::path::{Path, PathBuf};
use std::process::Command;

use otpctl::otp::Secret;
use otpctl::store::Tls;

/// A folder with `ca.pem`, `other.pem`, and `server` and `client` certificates that the first of them signed.
pub struct Certs(tempfile::TempDir);

impl Certs {
    /// For servers that are reached by address or by name.
    pub fn new() -> Self {
        Self::of("DNS:localhost,IP:127.0.0.1")
    }

    /// For servers that are reached by these names.
    pub fn of(names: &str) -> Self {
        // A second call changes nothing, and is no error.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        let ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
        for (ca, subject) in [("ca", "/CN=ours"), ("other", "/CN=theirs")] {
            let (key, cert) = (format!("{ca}.key"), format!("{ca}.pem"));
            openssl(at, &[&["req", "-x509"], &ec[..], &["-keyout", &key, "-out", &cert, "-subj", subject]].concat());
        }
        std::fs::write(at.join("names"), format!("subjectAltName={names}\n")).unwrap();
        for (name, subject) in [("server", "/CN=localhost"), ("client", "/CN=otpctl")] {
            let (key, csr, cert) = (format!("{name}.key"), format!("{name}.csr"), format!("{name}.pem"));
            openssl(at, &[&["req"], &ec[..], &["-keyout", &key, "-out", &csr, "-subj", subject]].concat());
            let signed = ["x509", "-req", "-in", &csr, "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
            openssl(at, &[&signed[..], &["-out", &cert, "-days", "2", "-extfile", "names"]].concat());
        }
        Self(folder)
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// What a client of these servers has.
    pub fn ours(&self) -> Tls {
        let client = (self.read("client.pem"), Secret::new(String::from_utf8(self.read("client.key")).unwrap()));
        Tls { ca: Some(self.read("ca.pem")), client: Some(client) }
    }

    /// What `redis-server` is told to speak TLS on this port, and whether clients need a certificate.
    pub fn words(&self, port: u16, clients: &str) -> Vec<String> {
        let at = |name: &str| self.path(name).display().to_string();
        [
            ["--tls-port".to_owned(), port.to_string()],
            ["--tls-cert-file".to_owned(), at("server.pem")],
            ["--tls-key-file".to_owned(), at("server.key")],
            ["--tls-ca-cert-file".to_owned(), at("ca.pem")],
            ["--tls-auth-clients".to_owned(), clients.to_owned()],
        ]
        .concat()
    }
}

pub fn as_words(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

fn openssl(folder: &Path, words: &[&str]) {
    let output = Command::new("openssl").args(words).current_dir(folder).output();
    let output = output.unwrap_or_else(|error| panic!("openssl does not run ({error}): scripts/test installs it"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
