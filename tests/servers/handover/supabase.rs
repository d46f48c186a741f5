//! Supabase's Send SMS hook: a signed request becomes one SMS by `otpctl deliver`, and any other none.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::process::{Child, Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{HOOK, Programs};
use crate::support::cli::{FREE, Machine, PHONE};
use crate::support::port::free_port;
use crate::support::until::until;

/// As Supabase shows one: `v1,whsec_` and Base64.
const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

/// The hook of `examples/`. It is killed when this is dropped.
struct Hook {
    child: Child,
    port: u16,
    machine: Machine,
    _programs: Programs,
}

impl Drop for Hook {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a request gets back.
struct Answer {
    status: u16,
    body: String,
}

impl Hook {
    fn start(settings: &str) -> Self {
        let machine = Machine::with(settings);
        let programs = Programs::of_page();
        fs::create_dir(programs.path("bin")).unwrap();
        symlink(env!("CARGO_BIN_EXE_otpctl"), programs.path("bin/otpctl")).unwrap();
        let path = format!("{}:{}", programs.path("bin").display(), std::env::var("PATH").unwrap());
        let port = free_port();
        let child = Command::new("node")
            .arg(HOOK)
            .current_dir(programs.0.path())
            .env_clear()
            .envs([("PATH", path), ("HOME", machine.path("").display().to_string()), ("PORT", port.to_string())])
            .env("SEND_SMS_HOOK_SECRET", format!("v1,whsec_{}", BASE64.encode(SECRET)))
            .stdin(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("node does not run ({error}): scripts/test installs it"));
        until("the hook listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        Self { child, port, machine, _programs: programs }
    }

    fn post(&self, body: &str, (id, at, signature): (&str, u64, &str)) -> Answer {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let length = body.len();
        let request = format!(
            "POST / HTTP/1.1\r\nHost: hook\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
             webhook-id: {id}\r\nwebhook-timestamp: {at}\r\nwebhook-signature: {signature}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        // A short answer comes as one chunk, or with its length.
        let body = body.lines().find(|line| line.starts_with('{')).unwrap_or_default().to_owned();
        Answer { status, body }
    }

    /// The same, signed as Supabase signs it.
    fn signed(&self, id: &str, event: &Value) -> Answer {
        let (body, at) = (event.to_string(), now());
        self.post(&body, (id, at, &sign(SECRET, id, at, &body)))
    }

    fn sent(&self) -> Vec<(String, String)> {
        let text = |line: &Value, name: &str| line[name].as_str().unwrap().to_owned();
        self.machine.outbox().iter().map(|line| (text(line, "phone"), text(line, "code"))).collect()
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>
fn sign(secret: &[u8], id: &str, at: u64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
    mac.update(format!("{id}.{at}.{body}").as_bytes());
    format!("v1,{}", BASE64.encode(&mac.finalize().into_bytes()))
}

/// As <https://supabase.com/docs/guides/auth/auth-hooks/send-sms-hook> has it, with another number.
fn event(phone: &str, code: &str) -> Value {
    json!({
        "user": {
            "id": "6481a5c1-3d37-4a56-9f6a-bee08c554965", "aud": "authenticated", "role": "authenticated", "email": "",
            "phone": phone, "phone_confirmed_at": "2024-05-13T11:52:48.157306Z",
            "app_metadata": { "provider": "phone", "providers": ["phone"] }, "user_metadata": {}, "is_anonymous": false
        },
        "sms": { "otp": code }
    })
}

const SETTINGS: &str = "[policy]\ncountries = [\"IN\"]\n[providers.outbox]\npath = \"outbox.jsonl\"\n";

#[test]
fn a_signed_request_becomes_one_sms() {
    let hook = Hook::start(&format!("{FREE}{SETTINGS}"));
    let answer = hook.signed("msg_1", &event(PHONE, "561166"));
    assert_eq!((answer.status, answer.body.as_str()), (200, "{}"));
    // Supabase keeps numbers without the plus sign, and asks again where it heard no answer.
    for _ in 0..2 {
        let answer = hook.signed("msg_2", &event("919876543211", "001122"));
        assert_eq!((answer.status, answer.body.as_str()), (200, "{}"));
    }
    // Newer ones say by themselves whom the code is for, where a user changes the number.
    let mut changed = event(PHONE, "334455");
    changed["sms"]["phone"] = "919876543212".into();
    changed["metadata"] = json!({ "uuid": "8b5b0c1e-5d2c-4b6e-9a53-3b9a4d2f1c00", "name": "send-sms" });
    hook.signed("msg_3", &changed);
    hook.signed("msg_4", &changed);
    let pair = |phone: &str, code: &str| (phone.to_owned(), code.to_owned());
    assert_eq!(hook.sent(), [pair(PHONE, "561166"), pair("+919876543211", "001122"), pair("+919876543212", "334455")]);
    let seen = hook.machine.inspect(PHONE);
    assert_eq!(seen["live_code"]["checked_by"], "application", "{seen}");
}

#[test]
fn a_request_that_is_not_signed_sends_nothing() {
    let hook = Hook::start(&format!("{FREE}{SETTINGS}"));
    let (body, at) = (event(PHONE, "561166").to_string(), now());
    let right = sign(SECRET, "msg_1", at, &body);
    let old = at - 3600;
    for (what, body, by) in [
        ("no signature", &body, ("msg_1", at, "")),
        (
            "another secret",
            &body,
            ("msg_1", at, sign(b"another secret of the same length", "msg_1", at, &body).as_str()),
        ),
        ("another body", &body.replace(PHONE, "+919876543219"), ("msg_1", at, right.as_str())),
        ("another id", &body, ("msg_2", at, right.as_str())),
        ("an old one", &body, ("msg_1", old, sign(SECRET, "msg_1", old, &body).as_str())),
    ] {
        assert_eq!(hook.post(body, by).status, 401, "{what}");
    }
    assert!(hook.sent().is_empty());
}

#[test]
fn a_refusal_is_told_in_the_words_of_a_hook() {
    let hook = Hook::start(&format!("[limits]\ncooldown = [\"30s\"]\n{SETTINGS}"));
    assert_eq!(hook.signed("msg_1", &event(PHONE, "561166")).body, "{}");
    for (id, phone, code) in [("msg_2", PHONE, 429), ("msg_3", "+12125550100", 403), ("msg_4", "12", 400)] {
        let answer = hook.signed(id, &event(phone, "561166"));
        assert_eq!(answer.status, 200, "a hook that answers otherwise is asked again");
        let told: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(told["error"]["http_code"], code, "{told}");
        assert!(told["error"]["message"].as_str().unwrap().ends_with('.'), "{told}");
    }
    assert_eq!(hook.sent().len(), 1);
}
