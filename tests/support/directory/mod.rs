//! APIs of applications on a socket, which answer as the documentation of each shows: Frappe, Keycloak, PostgREST.

use std::sync::{Arc, Mutex};

use otpctl::app::OsRandom;
use otpctl::http::Machine;
use otpctl::otp::Moment;
use serde_json::{Value, json};
use url::Url;

use crate::support::gateway::Gateway;

/// A user of an application.
#[derive(Debug, Clone)]
pub struct Person {
    pub id: String,
    pub phone: Option<String>,
    pub enabled: bool,
}

/// An application with users, which a test may change.
pub struct Application {
    pub gateway: Gateway,
    people: Arc<Mutex<Vec<Person>>>,
}

/// A request, taken apart.
struct Asked {
    method: String,
    url: Url,
    head: String,
    body: String,
}

impl Asked {
    fn read(request: &str) -> Self {
        let (head, body) = request.split_once("\r\n\r\n").unwrap_or((request, ""));
        let mut words = head.split(' ');
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let url = Url::parse(&format!("http://here{target}")).unwrap();
        Self { method: method.to_owned(), url, head: head.to_owned(), body: body.to_owned() }
    }

    fn query(&self, name: &str) -> String {
        self.url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
    }

    fn path(&self) -> Vec<String> {
        let decoded = |part: &str| percent_encoding::percent_decode_str(part).decode_utf8().unwrap().into_owned();
        self.url.path_segments().unwrap().map(decoded).collect()
    }

    fn has(&self, header: &str) -> bool {
        self.head.lines().any(|line| line.eq_ignore_ascii_case(header))
    }
}

/// No request of these is signed.
pub fn machine() -> Machine {
    Machine { clock: Arc::new(|| Moment::from_millis(0)), randomness: Arc::new(OsRandom) }
}

type Answer = (&'static str, Value);

impl Application {
    fn start(people: &[(&str, &str)], answer: impl Fn(&Asked, &mut [Person]) -> Answer + Send + 'static) -> Self {
        let person = |(id, phone): &(&str, &str)| Person {
            id: (*id).to_owned(),
            phone: Some((*phone).to_owned()).filter(|phone| !phone.is_empty()),
            enabled: true,
        };
        let people = Arc::new(Mutex::new(people.iter().map(person).collect::<Vec<_>>()));
        let own = Arc::clone(&people);
        let gateway = Gateway::replying(move |_, request| {
            let (status, body) = answer(&Asked::read(request), &mut own.lock().unwrap());
            (status.to_owned(), body.to_string())
        });
        Self { gateway, people }
    }

    /// What the application has of a user.
    pub fn person(&self, id: &str) -> Person {
        self.people.lock().unwrap().iter().find(|person| person.id == id).unwrap().clone()
    }

    /// Changes a user.
    pub fn change(&self, id: &str, change: impl Fn(&mut Person)) {
        change(self.people.lock().unwrap().iter_mut().find(|person| person.id == id).unwrap());
    }

    /// Frappe: <https://docs.frappe.io/framework/user/en/api/rest>, and its own code for errors.
    pub fn frappe(people: &[(&str, &str)]) -> Self {
        Self::start(people, frappe)
    }

    /// Keycloak: <https://www.keycloak.org/docs-api/latest/rest-api/index.html>.
    pub fn keycloak(people: &[(&str, &str)]) -> Self {
        Self::start(people, keycloak)
    }

    /// PostgREST: <https://docs.postgrest.org/en/v14/references/api/tables_views.html>.
    pub fn postgrest(people: &[(&str, &str)]) -> Self {
        Self::start(people, postgrest)
    }
}

fn frappe(asked: &Asked, people: &mut [Person]) -> Answer {
    if !asked.has("authorization: token 0123456789abcde:geheim") {
        return (
            "401 UNAUTHORIZED",
            json!({ "exc_type": "AuthenticationError", "exception": "frappe.exceptions.AuthenticationError" }),
        );
    }
    let document =
        |person: &Person| json!({ "name": person.id, "enabled": i32::from(person.enabled), "mobile_no": person.phone });
    let path = asked.path();
    match (asked.method.as_str(), path.iter().map(String::as_str).collect::<Vec<_>>().as_slice()) {
        ("GET", ["api", "resource", "User"]) => {
            let filters: Value = serde_json::from_str(&asked.query("filters")).unwrap();
            let fields: Vec<String> = serde_json::from_str(&asked.query("fields")).unwrap();
            let most: usize = asked.query("limit_page_length").parse().unwrap();
            let holds = |document: &Value| {
                filters.as_array().unwrap().iter().all(|filter| {
                    let (field, operator, wanted) = (filter[0].as_str().unwrap(), &filter[1], &filter[2]);
                    match operator.as_str() {
                        Some("=") => document[field] == *wanted,
                        Some("in") => wanted.as_array().unwrap().contains(&document[field]),
                        operator => panic!("{operator:?}"),
                    }
                })
            };
            let found = people.iter().map(document).filter(holds).take(most);
            let shown = found.map(|document| {
                fields.iter().map(|field| (field.clone(), document[field].clone())).collect::<serde_json::Map<_, _>>()
            });
            ("200 OK", json!({ "data": shown.collect::<Vec<_>>() }))
        }
        ("PUT", ["api", "resource", "User", name]) => {
            let phone: Value = serde_json::from_str(&asked.body).unwrap();
            let phone = phone["mobile_no"].as_str().filter(|phone| !phone.is_empty()).map(str::to_owned);
            if phone.is_some() && people.iter().any(|person| person.phone == phone && person.id != *name) {
                let message = json!({ "message": "Mobile No must be unique", "title": "Message" }).to_string();
                return (
                    "417 EXPECTATION FAILED",
                    json!({ "exc_type": "UniqueValidationError", "_server_messages": json!([message]).to_string() }),
                );
            }
            let Some(person) = people.iter_mut().find(|person| person.id == *name) else {
                return ("404 NOT FOUND", json!({ "exc_type": "DoesNotExistError" }));
            };
            person.phone = phone;
            ("200 OK", json!({ "data": document(person) }))
        }
        _ => ("404 NOT FOUND", json!({ "exc_type": "DoesNotExistError" })),
    }
}

fn keycloak(asked: &Asked, people: &mut [Person]) -> Answer {
    let path = asked.path();
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    if path.as_slice() == ["realms", "example", "protocol", "openid-connect", "token"] {
        let form: Vec<(String, String)> = url::form_urlencoded::parse(asked.body.as_bytes()).into_owned().collect();
        let is = |name: &str, value: &str| form.iter().any(|(key, own)| key == name && own == value);
        return if is("grant_type", "client_credentials") && is("client_id", "otpctl") && is("client_secret", "geheim") {
            ("200 OK", json!({ "access_token": "eyJ.token", "expires_in": 60, "token_type": "Bearer" }))
        } else {
            (
                "401 Unauthorized",
                json!({ "error": "unauthorized_client", "error_description": "Invalid client or Invalid client credentials" }),
            )
        };
    }
    if !asked.has("authorization: Bearer eyJ.token") {
        return ("401 Unauthorized", json!({ "error": "HTTP 401 Unauthorized" }));
    }
    let user = |person: &Person| json!({ "id": person.id, "username": "x", "enabled": person.enabled, "attributes": { "phoneNumber": [person.phone] } });
    match path.as_slice() {
        ["admin", "realms", "example", "users"] => {
            let wanted = asked.query("q");
            let wanted = wanted.strip_prefix("phoneNumber:\"").and_then(|rest| rest.strip_suffix('"')).unwrap();
            assert_eq!(asked.query("briefRepresentation"), "false", "a brief one has no attributes");
            let found = people.iter().filter(|person| person.phone.as_deref() == Some(wanted)).map(user);
            ("200 OK", found.collect())
        }
        ["admin", "realms", "example", "users", id] => match people.iter().find(|person| person.id == *id) {
            Some(person) => ("200 OK", user(person)),
            None => ("404 Not Found", json!({ "error": "User not found" })),
        },
        _ => ("403 Forbidden", json!({ "error": "HTTP 403 Forbidden" })),
    }
}

fn postgrest(asked: &Asked, people: &mut [Person]) -> Answer {
    if !(asked.has("authorization: Bearer geheim") && asked.has("apikey: geheim")) {
        return (
            "401 Unauthorized",
            json!({ "code": "PGRST301", "message": "JWT expired", "details": null, "hint": null }),
        );
    }
    if asked.path() != ["profiles"] {
        return (
            "404 Not Found",
            json!({ "code": "42P01", "message": "relation \"public.other\" does not exist", "details": null, "hint": null }),
        );
    }
    assert_eq!(asked.query("select"), "user:id,phone:phone");
    let filter = asked.query("and");
    let list = filter.strip_prefix("(phone.in.(").and_then(|rest| rest.strip_suffix("))"));
    let one = filter.strip_prefix("(id.eq.\"").and_then(|rest| rest.strip_suffix("\")"));
    let holds = |person: &&Person| match (list, one) {
        (Some(list), _) => {
            let phone = person.phone.as_deref().unwrap_or_default();
            list.trim_matches('"').split("\",\"").any(|wanted| wanted == phone)
        }
        (_, Some(id)) => id == person.id,
        (None, None) => panic!("{filter}"),
    };
    let row = |person: &Person| json!({ "user": person.id, "phone": person.phone });
    ("200 OK", people.iter().filter(holds).map(row).collect())
}
