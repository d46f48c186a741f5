//! Two hundred stored spellings of forty countries find their user, and no other: in SQLite, PostgreSQL and MariaDB.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use otpctl::directory::spellings::Stored;
use otpctl::directory::{Context, Directories, Directory, DirectoryError, Kind, Place, Source};
use otpctl::http::{Setting, Settings};
use otpctl::otp::{Moment, Phone, Secret};

use crate::servers::databases::{DatabaseServer, Product};

/// A user's phone: the country, the number, and how it is stored.
struct Row {
    country: &'static str,
    phone: Phone,
    text: &'static str,
    user: String,
}

fn rows() -> Vec<Row> {
    let text = include_str!("../../support/directory/spellings.txt");
    let rows = text.lines().filter(|line| !line.starts_with('#')).enumerate().map(|(at, line)| {
        let mut parts = line.split('|');
        let [country, number, text] = [(); 3].map(|()| parts.next().unwrap());
        Row { country, phone: Phone::parse(number, None).unwrap(), text, user: format!("user {at}") }
    });
    rows.collect()
}

/// The table of all of them, in any database.
fn statements(rows: &[Row]) -> String {
    let mut text = "create table people (id varchar(20) primary key, phone varchar(40));\n".to_owned();
    for row in rows {
        writeln!(text, "insert into people values ('{}', '{}');", row.user, row.text).unwrap();
    }
    text
}

/// A directory on a table of this URL, for any country.
struct People(String);

#[async_trait::async_trait]
impl Source for People {
    async fn open(&self) -> Result<Box<dyn Directory>, DirectoryError> {
        let plain = |text: &str| Setting::Plain(text.into());
        let settings = Settings(BTreeMap::from([
            ("url".to_owned(), Setting::Secret(Secret::new(self.0.clone()))),
            ("by_phone".to_owned(), plain("select id, phone from people where phone in (:spellings)")),
        ]));
        let context = Context { clock: std::sync::Arc::new(|| Moment::from_millis(0)), path: "/usr/bin".into() };
        Kind::known("sql").unwrap().open(&settings, &context)
    }
}

fn find_their_user_and_no_other(url: &str, rows: &[Row]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut places: BTreeMap<&str, Directories> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        // At home, and from a country that is asked for the same number.
        for country in [row.country, rows[(at + 67) % rows.len()].country] {
            let stored = Stored::Typed(Some(country.parse().unwrap()));
            let place = places.entry(country).or_insert_with(|| {
                Directories::new(vec![Place::new("people", stored, Box::new(People(url.to_owned())))])
            });
            let found = runtime.block_on(place.owners_of(&row.phone)).unwrap();
            let found: Vec<&str> = found.users.iter().map(otpctl::otp::UserId::as_str).collect();
            // Abroad, only what says by itself which country it is of.
            let is_read = Phone::parse(row.text, Some(country.parse().unwrap())).is_ok_and(|read| read == row.phone);
            assert!(is_read || country != row.country);
            let expected: &[&str] = if is_read { &[row.user.as_str()] } else { &[] };
            if found != expected {
                wrong.push(format!("{} in {country}, stored as {:?}: {found:?}", row.phone.as_str(), row.text));
            }
        }
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn two_hundred_spellings_find_their_user_in_sqlite() {
    let (folder, rows) = (tempfile::tempdir().unwrap(), rows());
    let path = folder.path().join("people.db");
    rusqlite::Connection::open(&path).unwrap().execute_batch(&statements(&rows)).unwrap();
    find_their_user_and_no_other(&format!("sqlite://{}", path.display()), &rows);
}

#[test]
fn two_hundred_spellings_find_their_user_in_postgresql() {
    let (server, rows) = (DatabaseServer::start(Product::Postgres, &[]), rows());
    server.ask(&statements(&rows));
    find_their_user_and_no_other(&server.socket_url(), &rows);
}

#[test]
fn two_hundred_spellings_find_their_user_in_mariadb() {
    let (server, rows) = (DatabaseServer::start(Product::MariaDb, &[]), rows());
    server.ask(&statements(&rows));
    find_their_user_and_no_other(&server.socket_url(), &rows);
}
