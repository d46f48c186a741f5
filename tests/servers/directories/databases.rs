//! What a database may be like: its types, its TLS, its refusals, its slowness.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use otpctl::directory::spellings::Stored;
use otpctl::directory::{Context, Directory, DirectoryError, Kind, Place, Source};
use otpctl::http::{Setting, Settings};
use otpctl::otp::{Phone, Secret, UserId};
use otpctl::system::FilePath;

use crate::servers::certs::Certs;
use crate::servers::databases::{DatabaseServer, Product};

struct Table(BTreeMap<String, Setting>);

#[async_trait::async_trait]
impl Source for Table {
    async fn open(&self) -> Result<Box<dyn Directory>, DirectoryError> {
        let context = Context { machine: crate::support::directory::machine(), path: "/usr/bin".into() };
        Kind::known("sql").unwrap().open(&Settings(self.0.clone()), &context)
    }
}

/// A directory on a table, with these queries.
fn place(url: &str, settings: &[(&str, &str)], authority: Option<&std::path::Path>) -> Place {
    let setting = |(name, value): &(&str, &str)| ((*name).to_owned(), Setting::Plain((*value).into()));
    let mut settings: BTreeMap<String, Setting> = settings.iter().map(setting).collect();
    settings.insert("url".to_owned(), Setting::Secret(Secret::new(url.to_owned())));
    let authority = authority.map(|path| Setting::Authority(FilePath::absolute(path).unwrap()));
    settings.extend(authority.map(|authority| ("tls".to_owned(), authority)));
    Place::new("accounts", Stored::Typed(Some("IN".parse().unwrap())), Box::new(Table(settings)))
}

const BY_PHONE: (&str, &str) = ("by_phone", "select id, phone from people where phone in (:spellings)");
const BY_USER: (&str, &str) = ("by_user", "select id, phone from people where id = :user");

fn phone(text: &str) -> Phone {
    Phone::parse(text, None).unwrap()
}

async fn users(place: &Place, number: &str) -> Result<Vec<String>, DirectoryError> {
    let found = place.by_phone(&phone(number)).await.map_err(|failed| failed.error)?;
    Ok(found.into_iter().map(|owned| owned.user.as_str().to_owned()).collect())
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// What holds of both servers.
fn behaves(server: &mut DatabaseServer, slow: &str) {
    server.ask("create table people (id varchar(20) primary key, phone varchar(40)); insert into people values ('asha', '098765 43210'), ('ravi', '98765-43211')");
    let write = [
        BY_PHONE,
        BY_USER,
        ("set_phone", "update people set phone = :phone where id = :user"),
        ("clear_phone", "update people set phone = null where id = :user and phone in (:spellings)"),
    ];
    let asha = UserId::new("asha").unwrap();
    block_on(async {
        for url in [server.url(""), server.socket_url()] {
            let place = place(&url, &write, None);
            assert_eq!(users(&place, "+919876543210").await.unwrap(), ["asha"]);
            // The same connection once more.
            assert_eq!(users(&place, "+919876543219").await.unwrap(), [""; 0]);
            let found = place.by_user(&asha).await.unwrap();
            assert_eq!((found[0].phone.as_str(), found[0].stored.as_str()), ("+919876543210", "098765 43210"));
            // What is asked for is a value and never a part of the query.
            let other = UserId::new("x' or '1'='1").unwrap();
            assert_eq!(place.by_user(&other).await.unwrap(), []);
        }
        let place_of = |settings: &[(&str, &str)]| place(&server.url(""), settings, None);
        let place = place_of(&write);
        place.set_phone(&asha, &phone("+919876543212")).await.unwrap();
        assert_eq!(users(&place, "+919876543212").await.unwrap(), ["asha"]);
        // The same again is no error.
        place.set_phone(&asha, &phone("+919876543212")).await.unwrap();
        place.clear_phone(&asha, &phone("+919876543212")).await.unwrap();
        assert_eq!(users(&place, "+919876543212").await.unwrap(), [""; 0]);
        let nobody = place.set_phone(&UserId::new("nobody").unwrap(), &phone("+919876543212")).await.unwrap_err();
        assert!(nobody.to_string().contains("no row of this user"), "{nobody}");
        // A statement that forgets whose row it is changes nobody's.
        let forgetful = place_of(&[BY_PHONE, ("set_phone", "update people set phone = :phone where id <> :user")]);
        let all = forgetful.set_phone(&UserId::new("nobody").unwrap(), &phone("+919876543212")).await.unwrap_err();
        assert!(all.to_string().contains("would change 2 rows; none was changed"), "{all}");
        assert_eq!(users(&place, "+919876543211").await.unwrap(), ["ravi"]);
        // A question changes nothing.
        let writing = place_of(&[("by_phone", "delete from people where phone in (:spellings)")]);
        assert!(users(&writing, "+919876543211").await.is_err());
        assert_eq!(users(&place, "+919876543211").await.unwrap(), ["ravi"]);
        let wrong = place_of(&[("by_phone", "select id, phone from nowhere where phone in (:spellings)")]);
        let error = users(&wrong, "+919876543211").await.unwrap_err();
        assert!(matches!(&error, DirectoryError::Data(why) if why.contains("nowhere")), "{error}");
        let one = place_of(&[("by_phone", "select id from people where phone in (:spellings)")]);
        assert!(users(&one, "+919876543211").await.unwrap_err().to_string().contains("two columns"));
        // A slow query ends in time, there too.
        let slow = format!("select id, phone from people where phone in (:spellings) and {slow}");
        let slow = place_of(&[("by_phone", &slow), ("timeout", "300ms")]);
        let began = Instant::now();
        assert!(matches!(users(&slow, "+919876543211").await, Err(DirectoryError::Unreachable(_))));
        assert!(began.elapsed() < Duration::from_secs(3));
        let stranger = self::place(&server.url("").replace("otp:geheim", "otp:falsch"), &[BY_PHONE], None);
        let error = users(&stranger, "+919876543211").await.unwrap_err();
        assert!(matches!(&error, DirectoryError::Denied(_)), "{error}");
        assert!(!error.to_string().contains("falsch"), "{error}");
    });
    server.stop();
    let gone = place(&server.url(""), &[BY_PHONE], None);
    assert!(matches!(block_on(users(&gone, "+919876543211")), Err(DirectoryError::Unreachable(_))));
}

#[test]
fn postgresql_is_read_and_written() {
    let mut server = DatabaseServer::start(Product::Postgres, &[]);
    // Ids and phones that are no texts.
    server.ask(
        "create table numbers (id bigint primary key, phone bigint); insert into numbers values (7, 919876543210); \
         create table strange (id uuid primary key, phone text); create domain number as varchar(40); \
         insert into strange values ('1b2c3d4e-0000-4000-8000-00000000000a', '98765 43210'); \
         create table odd (id integer, phone number, at timestamptz default now()); insert into odd values (8, '+919876543210')",
    );
    block_on(async {
        let of = |table: &str| {
            let (by_phone, by_user) = (BY_PHONE.1.replace("people", table), BY_USER.1.replace("people", table));
            place(&server.url(""), &[("by_phone", &by_phone), ("by_user", &by_user)], None)
        };
        assert_eq!(users(&of("numbers"), "+919876543210").await.unwrap(), ["7"]);
        assert_eq!(of("numbers").by_user(&UserId::new("7").unwrap()).await.unwrap().len(), 1);
        assert_eq!(of("numbers").by_user(&UserId::new("asha").unwrap()).await.unwrap(), []);
        let uuid = "1b2c3d4e-0000-4000-8000-00000000000a";
        assert_eq!(users(&of("strange"), "+919876543210").await.unwrap(), [uuid]);
        assert_eq!(of("strange").by_user(&UserId::new(uuid).unwrap()).await.unwrap().len(), 1);
        assert_eq!(users(&of("odd"), "+919876543210").await.unwrap(), ["8"]);
        let odd =
            place(&server.url(""), &[("by_phone", "select at, phone from odd where phone in (:spellings)")], None);
        assert!(users(&odd, "+919876543210").await.unwrap_err().to_string().contains("cast the column to text"));
    });
    behaves(&mut server, "pg_sleep(20) is not null");
}

#[test]
fn mariadb_is_read_and_written() {
    let mut server = DatabaseServer::start(Product::MariaDb, &[]);
    server.ask(
        "create table numbers (id bigint primary key, phone bigint); insert into numbers values (7, 919876543210)",
    );
    block_on(async {
        let by_phone = BY_PHONE.1.replace("people", "numbers");
        let place = place(&server.url(""), &[("by_phone", &by_phone), BY_USER], None);
        assert_eq!(users(&place, "+919876543210").await.unwrap(), ["7"]);
    });
    behaves(&mut server, "sleep(20) = 0");
}

/// A server whose certificate a CA of our own signed is trusted with that CA, and with no other.
fn speaks_tls(server: &DatabaseServer, certs: &Certs) {
    server.ask("create table people (id varchar(20) primary key, phone varchar(40)); insert into people values ('asha', '+919876543210')");
    block_on(async {
        let url = server.url("?sslmode=require");
        let trusted = place(&url, &[BY_PHONE], Some(&certs.path("ca.pem")));
        assert_eq!(users(&trusted, "+919876543210").await.unwrap(), ["asha"]);
        for authority in [None, Some(certs.path("other.pem"))] {
            let error = users(&place(&url, &[BY_PHONE], authority.as_deref()), "+919876543210").await.unwrap_err();
            assert!(matches!(&error, DirectoryError::Unreachable(why) if why.contains("certificate")), "{error}");
        }
    });
}

#[test]
fn tls_to_postgresql_is_checked() {
    let certs = Certs::new();
    let key = tempfile::tempdir().unwrap();
    // PostgreSQL reads a key that is its own, or root's and readable for its group alone.
    let (cert, own) = (key.path().join("server.pem"), key.path().join("server.key"));
    crate::servers::databases::lend(&certs.path("server.pem"), &cert);
    crate::servers::databases::lend(&certs.path("server.key"), &own);
    crate::servers::databases::open_to_all(key.path());
    let words =
        ["ssl=on".to_owned(), format!("ssl_cert_file={}", cert.display()), format!("ssl_key_file={}", own.display())];
    let words: Vec<String> = words.into_iter().flat_map(|word| ["-c".to_owned(), word]).collect();
    speaks_tls(&DatabaseServer::start(Product::Postgres, &words), &certs);
}

#[test]
fn tls_to_mariadb_is_checked() {
    let certs = Certs::new();
    let at = |name: &str| certs.path(name).display().to_string();
    let words = [
        format!("--ssl-cert={}", at("server.pem")),
        format!("--ssl-key={}", at("server.key")),
        format!("--ssl-ca={}", at("ca.pem")),
    ];
    speaks_tls(&DatabaseServer::start(Product::MariaDb, &words), &certs);
}
