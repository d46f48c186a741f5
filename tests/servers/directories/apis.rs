//! What the APIs of Frappe, Keycloak and PostgREST are asked, and what their answers mean.

use std::collections::BTreeMap;

use otpctl::directory::spellings::Stored;
use otpctl::directory::{Context, Directory, DirectoryError, DirectoryFailed, Kind, Place, Source};
use otpctl::http::{Setting, Settings};
use otpctl::otp::{Phone, Secret, UserId};

use crate::support::directory::Application;
use crate::support::gateway::Gateway;

/// A directory of a kind with these settings.
struct Api {
    kind: &'static str,
    settings: BTreeMap<String, Setting>,
}

#[async_trait::async_trait]
impl Source for Api {
    async fn open(&self) -> Result<Box<dyn Directory>, DirectoryError> {
        let context = Context { machine: crate::support::directory::machine(), path: "/usr/bin".into() };
        Kind::known(self.kind).unwrap().open(&Settings(self.settings.clone()), &context)
    }
}

fn place(kind: &'static str, stored: Stored, base_url: &str, settings: &[(&str, &str)]) -> Place {
    let plain = |text: &str| Setting::Plain(text.into());
    let secret = |name: &str| ["api_secret", "client_secret", "key"].contains(&name);
    let setting = |(name, value): &(&str, &str)| {
        let value = if secret(name) { Setting::Secret(Secret::new((*value).to_owned())) } else { plain(value) };
        ((*name).to_owned(), value)
    };
    let mut settings: BTreeMap<String, Setting> = settings.iter().map(setting).collect();
    settings.insert("base_url".to_owned(), plain(base_url));
    Place::new(kind, stored, Box::new(Api { kind, settings }))
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn phone(text: &str) -> Phone {
    Phone::parse(text, None).unwrap()
}

fn users(place: &Place, number: &str) -> Result<Vec<String>, DirectoryFailed> {
    let found = runtime().block_on(place.by_phone(&phone(number)))?;
    Ok(found.into_iter().map(|owned| owned.user.as_str().to_owned()).collect())
}

fn phones(place: &Place, user: &str) -> Result<Vec<String>, DirectoryFailed> {
    let found = runtime().block_on(place.by_user(&UserId::new(user).unwrap()))?;
    Ok(found.into_iter().map(|owned| owned.phone.as_str().to_owned()).collect())
}

fn india() -> Stored {
    Stored::Typed(Some("IN".parse().unwrap()))
}

const FRAPPE: [(&str, &str); 2] = [("api_key", "0123456789abcde"), ("api_secret", "geheim")];

#[test]
fn frappe_is_read_and_written() {
    let app = Application::frappe(&[("asha@example.com", "098765 43210"), ("o'neil/x@example.com", "+91 98765-43211")]);
    let place = place("frappe", india(), &app.gateway.base_url, &FRAPPE);
    assert_eq!(users(&place, "+919876543210").unwrap(), ["asha@example.com"]);
    assert_eq!(users(&place, "+919876543219").unwrap(), [""; 0]);
    assert_eq!(phones(&place, "o'neil/x@example.com").unwrap(), ["+919876543211"]);
    assert_eq!(phones(&place, "nobody@example.com").unwrap(), [""; 0]);
    let longest = app.gateway.requests().iter().map(|request| request.lines().next().unwrap().len()).max().unwrap();
    assert!(longest < 8 * 1024, "{longest}: what servers in front of Frappe read");
    app.change("asha@example.com", |person| person.enabled = false);
    assert_eq!(users(&place, "+919876543210").unwrap(), [""; 0]);
    app.change("asha@example.com", |person| person.enabled = true);
    let (runtime, asha) = (runtime(), UserId::new("asha@example.com").unwrap());
    runtime.block_on(place.set_phone(&asha, &phone("+919876543212"))).unwrap();
    assert_eq!(app.person("asha@example.com").phone.as_deref(), Some("+919876543212"));
    runtime.block_on(place.clear_phone(&asha, &phone("+919876543212"))).unwrap();
    assert_eq!(app.person("asha@example.com").phone, None);
    app.change("o'neil/x@example.com", |person| person.phone = Some("+919876543213".to_owned()));
    let failed = runtime.block_on(place.set_phone(&asha, &phone("+919876543213"))).unwrap_err();
    assert!(matches!(&failed.error, DirectoryError::Data(why) if why.contains("must be unique")), "{failed}");
}

const KEYCLOAK: [(&str, &str); 3] = [("realm", "example"), ("client_id", "otpctl"), ("client_secret", "geheim")];

#[test]
fn keycloak_is_asked_with_a_token_for_an_attribute() {
    let asha = "f:1b2c3d4e-0000-4000-8000-000000000001";
    let app = Application::keycloak(&[(asha, "+919876543210"), ("other", "098765 43211")]);
    let place_of = |stored| place("keycloak", stored, &app.gateway.base_url, &KEYCLOAK);
    let place = place_of(Stored::E164);
    assert_eq!(users(&place, "+919876543210").unwrap(), [asha]);
    assert_eq!(app.gateway.asked(), 2, "a token and one question");
    assert_eq!(phones(&place, asha).unwrap(), ["+919876543210"]);
    assert_eq!(phones(&place, "nobody").unwrap(), [""; 0]);
    // Where people typed them, each spelling is a question.
    assert_eq!(users(&place, "+919876543211").unwrap(), [""; 0]);
    assert_eq!(users(&place_of(india()), "+919876543211").unwrap(), ["other"]);
    app.change(asha, |person| person.enabled = false);
    assert_eq!(users(&place, "+919876543210").unwrap(), [""; 0]);
    let wrong = [("realm", "example"), ("client_id", "otpctl"), ("client_secret", "falsch")];
    let place = self::place("keycloak", Stored::E164, &app.gateway.base_url, &wrong);
    let failed = users(&place, "+919876543210").unwrap_err();
    assert!(matches!(&failed.error, DirectoryError::Denied(why) if why.contains("Invalid client")), "{failed}");
    assert!(!failed.to_string().contains("falsch"));
}

#[test]
fn postgrest_is_asked_for_columns_of_any_name() {
    let app = Application::postgrest(&[("7", "919876543210"), ("8", "(0)98765 43211")]);
    let settings = [("key", "geheim"), ("table", "profiles")];
    assert_eq!(
        users(&place("postgrest", Stored::Digits, &app.gateway.base_url, &settings), "+919876543210").unwrap(),
        ["7"]
    );
    let place = place("postgrest", india(), &app.gateway.base_url, &settings);
    assert_eq!(users(&place, "+919876543210").unwrap(), ["7"]);
    assert_eq!(phones(&place, "7").unwrap(), ["+919876543210"]);
    let other = self::place("postgrest", india(), &app.gateway.base_url, &[("key", "geheim"), ("table", "other")]);
    let failed = users(&other, "+919876543210").unwrap_err();
    assert!(matches!(&failed.error, DirectoryError::Data(why) if why.contains("does not exist")), "{failed}");
}

/// Whatever else is answered, it is never that nobody has the phone.
#[test]
fn an_answer_that_is_not_understood_is_no_answer() {
    for (status, body, expected) in [
        (200, "<html>maintenance</html>", "cannot be used"),
        (200, "{\"data\":null}", "cannot be used"),
        (200, "{\"message\":\"ok\"}", "cannot be used"),
        (200, "{\"data\":[{\"enabled\":1,\"mobile_no\":\"+919876543210\"}]}", "cannot be used"),
        (302, "", "cannot be used"),
        (401, "{}", "refused access"),
        (403, "{\"exc_type\":\"PermissionError\"}", "refused access"),
        (404, "{\"exc_type\":\"DoesNotExistError\"}", "cannot be used"),
        (429, "{}", "is not ready"),
        (500, "{}", "is unreachable"),
        (503, "{}", "is not ready"),
    ] {
        let gateway = Gateway::start(status, body);
        let place = place("frappe", india(), &gateway.base_url, &FRAPPE);
        let failed = users(&place, "+919876543210").unwrap_err();
        assert!(
            failed.to_string().starts_with(&format!("the directory `frappe` {expected}")),
            "{status} {body}: {failed}"
        );
        assert!(!failed.to_string().contains("geheim") && !failed.to_string().contains("98765"), "{failed}");
    }
    let place = place("frappe", india(), "http://127.0.0.1:1", &FRAPPE);
    assert!(matches!(users(&place, "+919876543210").unwrap_err().error, DirectoryError::Unreachable(_)));
}

/// A hit that is another number is not a user, whatever the application found it by.
#[test]
fn a_hit_that_is_another_number_is_not_a_user() {
    let body = "{\"data\":[{\"name\":\"asha\",\"enabled\":1,\"mobile_no\":\"9876543211\"},\
                {\"name\":\"b\",\"enabled\":1,\"mobile_no\":\"\"},{\"name\":\"c\",\"enabled\":1,\"mobile_no\":null},\
                {\"name\":\"d\",\"enabled\":1,\"mobile_no\":\"+1 987 654 3210\"},{\"name\":\"e\",\"enabled\":1,\"mobile_no\":\"98765 43210\"}]}";
    let gateway = Gateway::start(200, body);
    let place = place("frappe", india(), &gateway.base_url, &FRAPPE);
    assert_eq!(users(&place, "+919876543210").unwrap(), ["e"]);
}
