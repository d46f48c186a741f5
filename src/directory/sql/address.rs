//! Where a database is: `postgres://`, `mysql://` and `sqlite://`, read the same for all of them.

use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use url::Url;

use crate::otp::Secret;
use crate::system::tls::stays_inside;

/// A database.
#[derive(Debug, Clone)]
pub(super) enum Address {
    /// A file.
    Sqlite(PathBuf),
    /// A server.
    Server(ServerAddress),
}

/// Which server it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Product {
    Postgres,
    /// `MySQL` and `MariaDB`.
    MySql,
}

/// A server, and what to say to it.
#[derive(Debug, Clone)]
#[cfg_attr(
    all(not(feature = "sql"), not(test)),
    expect(dead_code, reason = "a build without `sql` only tells which server was meant")
)]
pub(super) struct ServerAddress {
    pub(super) product: Product,
    pub(super) host: String,
    pub(super) port: u16,
    /// The socket: of `PostgreSQL` its folder, of `MySQL` the file.
    pub(super) socket: Option<String>,
    pub(super) user: Option<String>,
    pub(super) password: Option<Secret>,
    pub(super) database: Option<String>,
    pub(super) tls: bool,
}

/// Reads a URL. No error quotes any of it: it may hold a password.
pub(super) fn read(text: &str) -> Result<Address, String> {
    if let Some(path) = text.strip_prefix("sqlite://") {
        let path = PathBuf::from(path);
        return if path.is_absolute() {
            Ok(Address::Sqlite(path))
        } else {
            Err("expected the whole path of the file, such as sqlite:///var/lib/app/app.db".to_owned())
        };
    }
    let url = Url::parse(&with_host(text)).map_err(|_| EXPECTED.to_owned())?;
    let (product, port) = match url.scheme() {
        "postgres" | "postgresql" => (Product::Postgres, 5432),
        "mysql" | "mariadb" => (Product::MySql, 3306),
        _ => return Err(EXPECTED.to_owned()),
    };
    let decoded = |text: &str| percent_decode_str(text).decode_utf8().map(std::borrow::Cow::into_owned);
    let decoded = |text: &str| decoded(text).map_err(|_| "it is not UTF-8 text".to_owned());
    let some = |text: &str| if text.is_empty() { Ok(None) } else { decoded(text).map(Some) };
    let mut address = ServerAddress {
        product,
        host: decoded(url.host_str().unwrap_or_default().trim_start_matches(NO_HOST))?
            .trim_matches(['[', ']'])
            .to_owned(),
        port: url.port().unwrap_or(port),
        socket: None,
        user: some(url.username())?,
        password: url.password().map(decoded).transpose()?.map(Secret::new),
        database: some(url.path().trim_start_matches('/'))?,
        tls: false,
    };
    let mut tls = None;
    for (name, value) in url.query_pairs() {
        match (name.as_ref(), product) {
            ("sslmode", Product::Postgres) | ("ssl-mode" | "sslmode", Product::MySql) => {
                tls = Some(tls_mode(&value.to_ascii_lowercase())?);
            }
            ("host", Product::Postgres) if value.starts_with('/') => address.socket = Some(value.into_owned()),
            ("socket", Product::MySql) => address.socket = Some(value.into_owned()),
            _ => return Err(format!("there is no parameter `{}`", crate::otp::escape::escaped(&name))),
        }
    }
    if address.host.is_empty() && address.socket.is_none() {
        return Err("it names no host".to_owned());
    }
    let is_inside = address.socket.is_some() || stays_inside(&address.host);
    address.tls = tls.unwrap_or(!is_inside) && address.socket.is_none();
    if !address.tls && !is_inside {
        return Err("it would send a password over the internet unencrypted; leave out sslmode=disable".to_owned());
    }
    Ok(Address::Server(address))
}

/// Where the URL names a socket, it has no host: `postgres://otp@/app?host=/run/postgresql`.
fn with_host(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let authority = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(authority);
    let (user, host) = authority.rsplit_once('@').map_or(("", authority), |(user, host)| (user, host));
    if user.is_empty() || !(host.is_empty() || host.starts_with(':')) {
        return text.to_owned();
    }
    format!("{scheme}://{user}@{NO_HOST}{host}{rest}")
}

/// No host has this name.
const NO_HOST: &str = "-";

const EXPECTED: &str = "expected postgres://, mysql:// or sqlite://PATH";

/// A certificate is always checked: without that, TLS keeps nobody out.
fn tls_mode(mode: &str) -> Result<bool, String> {
    match mode {
        "disable" | "disabled" => Ok(false),
        "require" | "required" | "verify-ca" | "verify-full" | "verify_ca" | "verify_identity" => Ok(true),
        _ => {
            Err("expected sslmode=disable or sslmode=require; whether there is TLS is not left to the server"
                .to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(text: &str) -> ServerAddress {
        match read(text) {
            Ok(Address::Server(server)) => server,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_server_is_read_with_its_defaults() {
        let read = server("postgres://otp:p%40ss@db.example.com/app");
        assert_eq!((read.host.as_str(), read.port, read.tls), ("db.example.com", 5432, true));
        assert_eq!((read.user.as_deref(), read.database.as_deref()), (Some("otp"), Some("app")));
        assert_eq!(read.password.as_ref().map(Secret::expose), Some("p@ss"));
        let read = server("mysql://otp@[::1]:3307/app");
        assert_eq!((read.host.as_str(), read.port, read.tls), ("::1", 3307, false));
        assert!(server("mysql://otp@db/app?ssl-mode=REQUIRED").tls);
        let socket = server("postgres://otp@/app?host=/run/postgresql");
        assert_eq!((socket.socket.as_deref(), socket.tls), (Some("/run/postgresql"), false));
        assert!(
            matches!(super::read("sqlite:///var/app.db"), Ok(Address::Sqlite(path)) if path.as_os_str() == "/var/app.db")
        );
    }

    #[test]
    fn what_is_wrong_is_said_without_the_password() {
        for text in [
            "postgres://otp:geheim@db.example.com/app?sslmode=disable",
            "postgres://otp:geheim@db/app?sslmode=prefer",
            "mysql://otp:geheim@db/app?geheim=1",
            "mongodb://otp:geheim@db/app",
            "sqlite://app.db",
            "geheim",
            "postgres://otp:geheim@/app",
        ] {
            let why = read(text).unwrap_err();
            assert!(!why.contains("otp:") && !why.contains(":geheim"), "{why}");
        }
    }
}
