//! The whole flow of "Phone and OTP Auth For Frappe" (seeds of this project): a code by MSG91, kept in Frappe's cache, and
//! the user by his `mobile_no`: out of a MariaDB that has Frappe's `tabUser`, and by Frappe's REST API.

use serde_json::Value;

use crate::servers::databases::{DatabaseServer, Product};
use crate::support::cli::{FREE, Machine, wrong_codes};
use crate::support::directory::Application;
use crate::support::gateway::Gateway;

const PHONE: &str = "+919876543210";

/// The columns of Frappe's `tabUser` that matter here, as MariaDB has them on a site.
const TABLE: &str = "create table `tabUser` (
    `name` varchar(140) not null primary key, `creation` datetime(6) default null, `enabled` tinyint not null default 1,
    `full_name` varchar(140) default null, `mobile_no` varchar(140) default null, unique key `mobile_no` (`mobile_no`)
  ) engine=InnoDB row_format=dynamic character set=utf8mb4 collate=utf8mb4_unicode_ci;
  insert into `tabUser` (name, full_name, enabled, mobile_no) values
    ('asha@example.com', 'Asha', 1, '098765 43210'), ('ravi@example.com', 'Ravi', 1, '+91-9876543211'),
    ('gone@example.com', 'Gone', 0, '9876543210'), ('Administrator', 'Administrator', 1, null);";

/// A bench: Frappe's cache as the store, MSG91 as the article has it, and this directory.
struct Bench {
    machine: Machine,
    msg91: Gateway,
}

impl Bench {
    fn new(directory: &str) -> Self {
        let msg91 = Gateway::start(200, r#"{"type":"success","message":"3763646c3058373530393938"}"#);
        let mut machine = Machine::on_redis("");
        machine.variable("MSG91_AUTHKEY", "0123456789");
        machine.variable("FRAPPE_SECRET", "geheim");
        machine.lay_out(
            "layout = \"frappe\"",
            &format!(
                "region = \"IN\"\n{FREE}[policy]\ncountries = [\"IN\"]\n[code]\nlength = 4\nallow_weak = true\n\
                 [providers.msg91]\nauthkey = {{ env = \"MSG91_AUTHKEY\" }}\ntemplate_id = \"64b7e0c2d6fc051b1a2c3d4e\"\n\
                 sender = \"IoTRDY\"\nvariables = {{ var1 = \"{{{{ app }}}}\", var2 = \"{{{{ code }}}}\" }}\nbase_url = \"{}\"\n\
                 [user]\ndirectories = [\"frappe\"]\n{directory}",
                msg91.base_url
            ),
        );
        Self { machine, msg91 }
    }

    /// Asks for a code, and gives what MSG91 got.
    fn send(&self, target: &str) -> (Value, String) {
        let document = self.machine.run(&["send", target, "--json"]).exits(0).json();
        let request = self.msg91.requests().pop().unwrap();
        let (_, body) = request.split_once("\r\n\r\n").unwrap();
        let body: Value = serde_json::from_str(body).unwrap();
        (document, body["recipients"][0]["var2"].as_str().or(body["var2"].as_str()).unwrap().to_owned())
    }

    fn verify(&self, target: &str, code: &str, words: &[&str]) -> (i32, Value) {
        let ran = self.machine.run(&[&["verify", target, code, "--json"], words].concat());
        let document = if ran.stdout.is_empty() { ran.error() } else { ran.json() };
        (ran.code, document)
    }
}

/// Send, a wrong code, the right code, and the user named from there; and what the article's program does not notice.
fn flows(bench: &Bench) {
    let (document, code) = bench.send(PHONE);
    assert_eq!((&document["user"], code.len()), (&"asha@example.com".into(), 4), "{document}");
    let stored = bench.machine.redis().cli(&["GET", "otp:+919876543210"]);
    assert_eq!(stored, code, "where the article's own program finds it");
    let wrong =
        wrong_codes(&format!("00{code}")).map(|code| code[2..].to_owned()).find(|typed| *typed != code).unwrap();
    let (exit, no) = bench.verify(PHONE, &wrong, &["--require-user"]);
    assert_eq!((exit, &no["attempts_left"]), (10, &4.into()), "{no}");
    let (exit, yes) = bench.verify(PHONE, &code, &["--require-user"]);
    assert_eq!((exit, &yes["user"]), (0, &"asha@example.com".into()), "{yes}");
    assert_eq!(bench.machine.redis().cli(&["EXISTS", "otp:+919876543210"]), "0", "a used code is gone");
    assert_eq!(bench.verify(PHONE, &code, &[]).0, 11);
    // By the user, as a login form knows him.
    let (document, code) = bench.send("user:ravi@example.com");
    assert_eq!(document["phone"], "+91*******211");
    let (exit, yes) = bench.verify("user:ravi@example.com", &code, &[]);
    assert_eq!((exit, &yes["user"]), (0, &"ravi@example.com".into()), "{yes}");
    // Whoever is in nobody's account gets a code, and no user; the disabled one is nobody.
    let (document, code) = bench.send("+919876543212");
    assert_eq!(document["user"], Value::Null);
    let (exit, error) = bench.verify("+919876543212", &code, &["--require-user"]);
    assert_eq!((exit, &error["code"]), (14, &"NOT_FOUND".into()), "{error}");
    bench.machine.run(&["send", "user:gone@example.com"]).exits(14);
}

#[test]
fn the_articles_flow_names_the_user_of_its_tab_user_in_mariadb() {
    let mut server = DatabaseServer::start(Product::MariaDb, &[]);
    server.ask(TABLE);
    let url = server.url("");
    let directory = format!(
        "[directory.frappe]\nkind = \"sql\"\nurl = \"{url}\"\n\
         by_phone = \"select name, mobile_no from `tabUser` where enabled = 1 and mobile_no in (:spellings)\"\n\
         by_user = \"select name, mobile_no from `tabUser` where enabled = 1 and name = :user\"\n"
    );
    let bench = Bench::new(&directory);
    flows(&bench);
    // The phone changes hands between the code and its use.
    let (_, code) = bench.send(PHONE);
    server.ask("update tabUser set mobile_no = null where name = 'asha@example.com'; update tabUser set mobile_no = '+91 98765 43210' where name = 'ravi@example.com'");
    let (exit, no) = bench.verify(PHONE, &code, &[]);
    assert_eq!((exit, &no["reason"]), (11, &"superseded".into()), "{no}");
    let (_, code) = bench.send(PHONE);
    server.stop();
    let (exit, error) = bench.verify(PHONE, &code, &[]);
    assert!(exit == 20 && error["message"].as_str().unwrap().contains("the directory `frappe`"), "{error}");
    assert!(!error.to_string().contains("geheim"), "{error}");
}

#[test]
fn the_articles_flow_names_the_user_by_frappes_rest_api() {
    let frappe = Application::frappe(&[
        ("asha@example.com", "098765 43210"),
        ("ravi@example.com", "+91-9876543211"),
        ("gone@example.com", "9876543210"),
    ]);
    frappe.change("gone@example.com", |person| person.enabled = false);
    let directory = format!(
        "[directory.frappe]\nbase_url = \"{}\"\napi_key = \"0123456789abcde\"\napi_secret = {{ env = \"FRAPPE_SECRET\" }}\n",
        frappe.gateway.base_url
    );
    let bench = Bench::new(&directory);
    flows(&bench);
    let (_, code) = bench.send(PHONE);
    frappe.change("asha@example.com", |person| person.phone = None);
    frappe.change("ravi@example.com", |person| person.phone = Some("+91 98765 43210".to_owned()));
    let (exit, no) = bench.verify(PHONE, &code, &[]);
    assert_eq!((exit, &no["reason"]), (11, &"superseded".into()), "{no}");
}
