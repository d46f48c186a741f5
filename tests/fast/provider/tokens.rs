//! Access tokens: asked for once, kept as long as they are good, and never shown.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use otpctl::otp::Moment;
use otpctl::provider::{Class, Context, Definition, Machine, Provider, ProviderReply, open_defined};
use serde_json::json;

use crate::support::provider::{Gateway, Letter, Reply, context, json as answer, nobody, send, settings};

const SECRET: &str = "cl13nt-secret";
const TOKEN: &str = "t0ken.of.the.gateway";
const GOOD: &str = r#"{"access_token":"t0ken.of.the.gateway","token_type":"Bearer","expires_in":60}"#;

/// A gateway that wants a token, the server that gives it, and a clock that is moved by hand.
struct World {
    gateway: Gateway,
    login: Option<Gateway>,
    seconds: Arc<AtomicI64>,
    provider: Box<dyn Provider>,
}

impl World {
    async fn new(gateway: Reply, login: Option<Reply>) -> Self {
        let gateway = Gateway::start(gateway).await;
        let login = match login {
            Some(reply) => Some(Gateway::start(reply).await),
            None => None,
        };
        let place = match &login {
            Some(login) => login.base_url.clone(),
            None => nobody().await,
        };
        let definition = "name = \"X\"\n[settings]\nlogin = {}\nclient = {}\nsecret = { secret = true }\n\
            [auth.oauth2]\nbase_url = \"{{ login }}/realms\"\nrequest = \"POST /x/token\"\n\
            basic = { user = \"{{ client }}\", password = \"{{ secret }}\" }\n\
            form = { grant_type = \"client_credentials\" }\n\
            [send]\nrequest = \"POST /sms\"\njson = { to = \"{{ phone }}\" }\naccepted = \"status == 200\"\n\
            [errors]\nmessage = \"body.message\"\n";
        let own = json!({"base_url": gateway.base_url, "login": place, "client": "me", "secret": SECRET});
        let seconds = Arc::new(AtomicI64::new(1_000_000));
        let now = seconds.clone();
        let clock = Arc::new(move || Moment::from_millis(now.load(Ordering::SeqCst) * 1000));
        let context = Context { machine: Machine { clock, ..context().machine }, ..context() };
        let provider = open_defined("x", Definition::parse(definition).unwrap(), settings(own), &context).unwrap();
        Self { gateway, login, seconds, provider }
    }

    async fn send(&self) -> ProviderReply {
        send(&*self.provider, &Letter::new()).await
    }

    async fn refused(&self) -> (Class, String) {
        let outcome = self.send().await;
        let ProviderReply::Refused(refusal) = outcome else { panic!("{outcome:?}") };
        (refusal.class, refusal.message)
    }

    /// How often each of the two was asked.
    fn asked(&self) -> (usize, usize) {
        let count = |gateway: &Gateway| gateway.seen.lock().unwrap().len();
        (self.login.as_ref().map_or(0, count), count(&self.gateway))
    }
}

#[tokio::test]
async fn a_token_is_asked_for_once_and_kept_while_it_is_good() {
    let world = World::new(answer(200, "{}"), Some(answer(200, GOOD))).await;
    for _ in 0..2 {
        assert!(matches!(world.send().await, ProviderReply::Accepted(_)));
    }
    assert_eq!(world.asked(), (1, 2));
    let login = world.login.as_ref().unwrap().only();
    assert_eq!((login.path.as_str(), login.body.as_str()), ("/realms/x/token", "grant_type=client_credentials"));
    assert_eq!(login.headers["authorization"], "Basic bWU6Y2wxM250LXNlY3JldA==");
    let seen = world.gateway.seen.lock().unwrap().clone();
    assert!(seen.iter().all(|seen| seen.headers["authorization"] == format!("Bearer {TOKEN}")));
    // It is not used in the last 30 seconds that it is good for.
    world.seconds.fetch_add(29, Ordering::SeqCst);
    world.send().await;
    assert_eq!(world.asked(), (1, 3));
    world.seconds.fetch_add(1, Ordering::SeqCst);
    world.send().await;
    assert_eq!(world.asked(), (2, 4));
}

#[tokio::test]
async fn those_who_come_at_once_share_a_token() {
    let world = World::new(answer(200, "{}"), Some(answer(200, GOOD))).await;
    futures_util::future::join_all((0..5).map(|_| world.send())).await;
    assert_eq!(world.asked(), (1, 5));
}

#[tokio::test]
async fn a_token_that_is_refused_is_not_used_again_and_never_shown() {
    let echo = json!({"message": format!("no such token: {TOKEN}")}).to_string();
    let world = World::new(answer(401, &echo), Some(answer(200, GOOD))).await;
    for round in 1..=2 {
        assert_eq!(world.refused().await, (Class::Credentials, "no such token: [redacted]".to_owned()));
        assert_eq!(world.asked(), (round, round));
    }
}

#[tokio::test]
async fn without_a_token_nothing_is_sent() {
    let no = json!({"error": "invalid_client", "error_description": format!("{SECRET} is not the secret of me")});
    let late = json!({"access_token": "", "expires_in": 60});
    for (login, class, words) in [
        (Some(answer(401, &no.to_string())), Class::Credentials, "no access token: [redacted] is not the secret of me"),
        (Some(answer(400, r#"{"error":"invalid_scope"}"#)), Class::Credentials, "no access token: invalid_scope"),
        (Some(answer(429, "{}")), Class::Unreachable, "no access token: HTTP 429 Too Many Requests"),
        (Some(answer(503, "<html>")), Class::Unreachable, "no access token: HTTP 503 Service Unavailable, with a page"),
        (Some(answer(200, &late.to_string())), Class::Unreachable, "no access token: HTTP 200 OK"),
        (Some(Reply::Reset), Class::Unreachable, "no access token: the connection broke"),
        (None, Class::Unreachable, "no access token: no connection"),
    ] {
        let world = World::new(answer(200, "{}"), login).await;
        let (refused, said) = world.refused().await;
        assert!((refused, said.starts_with(words)) == (class, true), "{refused:?}: {said}");
        assert_eq!(world.asked().1, 0, "{words}");
    }
}

#[test]
fn an_address_for_tokens_is_held_to_what_every_address_is() {
    let definition = "name = \"X\"\nbase_url = \"https://x.example.com\"\n[settings]\nlogin = {}\n\
        [auth.oauth2]\nbase_url = \"{{ login }}\"\nrequest = \"POST /token\"\n\
        [send]\nrequest = \"POST /sms\"\naccepted = \"true\"\n";
    let wrong = |login: &str| {
        let definition = Definition::parse(definition).unwrap();
        let opened = open_defined("x", definition, settings(json!({"login": login})), &context());
        opened.err().expect("an error").to_string()
    };
    assert_eq!(
        wrong("http://login.example.com"),
        "the address for access tokens would send secrets over the internet unencrypted; use https://"
    );
    assert!(wrong("").starts_with("the address for access tokens is not a URL"));
}
