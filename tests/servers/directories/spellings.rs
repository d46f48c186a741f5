//! Two hundred stored spellings of forty countries find their user, and no other: in SQLite, PostgreSQL and MariaDB.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use otpctl::directory::spellings::Stored;
use otpctl::directory::{Context, Directories, Directory, DirectoryError, Kind, Place, Source};
use otpctl::http::{Setting, Settings};
use otpctl::otp::{Phone, Secret};

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

impl Row {
    /// Whether the text says by itself of which country it is.
    fn is_international(&self) -> bool {
        Phone::parse(self.text, None).is_ok()
    }
}

/// The table of all of them, in any database. An application of one country has what is written as there, and what says of
/// which country it is: the same national digits are numbers of several countries.
fn statements(rows: &[Row]) -> String {
    let mut text = "create table people (id varchar(20) primary key, phone varchar(40), home varchar(2));\n".to_owned();
    for row in rows {
        let home = if row.is_international() { "" } else { row.country };
        writeln!(text, "insert into people values ('{}', '{}', '{home}');", row.user, row.text).unwrap();
    }
    text
}

/// A directory on a table of this URL, as the application of this country has it.
struct People(String, &'static str);

#[async_trait::async_trait]
impl Source for People {
    async fn open(&self) -> Result<Box<dyn Directory>, DirectoryError> {
        let plain = |text: &str| Setting::Plain(text.into());
        let settings = Settings(BTreeMap::from([
            ("url".to_owned(), Setting::Secret(Secret::new(self.0.clone()))),
            (
                "by_phone".to_owned(),
                plain(&format!(
                    "select id, phone from people where phone in (:spellings) and home in ('', '{}')",
                    self.1
                )),
            ),
        ]));
        let context = Context { machine: crate::support::directory::machine(), path: "/usr/bin".into() };
        Kind::known("sql").unwrap().open(&settings, &context)
    }
}

fn find_their_user_and_no_other(url: &str, rows: &[Row]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut places: BTreeMap<&'static str, Directories> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        // At home, and from a country that is asked for the same number.
        for country in [row.country, rows[(at + 67) % rows.len()].country] {
            let stored = Stored::Typed(Some(country.parse().unwrap()));
            let place = places.entry(country).or_insert_with(|| {
                Directories::new(vec![Place::new("people", stored, Box::new(People(url.to_owned(), country)))])
            });
            let found = runtime.block_on(place.owners_of(&row.phone)).unwrap();
            let found: Vec<&str> = found.users.iter().map(otpctl::otp::UserId::as_str).collect();
            let is_there = country == row.country || row.is_international();
            let expected: &[&str] = if is_there { &[row.user.as_str()] } else { &[] };
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
