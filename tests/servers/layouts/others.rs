//! otpgateway, Django's cache, bcrypt, Authgear, and custom keys.

use super::{Application, FREE, PHONE, issue, machine, reason};

const GATEWAY: &str = "layout = { preset = \"otpgateway\", app = \"shop\" }";
const KEY: &str = "OTP:shop:+919876543210";

#[test]
fn a_code_of_otpgateway_is_checked_here_and_one_from_here_there() {
    let machine = machine(GATEWAY);
    let app = Application(&machine, "otpgateway");
    app.issues("654321");
    assert_eq!(machine.inspect(PHONE)["live_code"]["attempts_left"], 4, "its count begins at one");
    assert_eq!(app.says("111111"), "wrong");
    let answer = machine.verify(PHONE, "111111");
    assert_eq!(answer.exits(10).json()["attempts_left"], 2);
    assert_eq!(machine.redis().cli(&["HGET", KEY, "attempts"]), "3");
    machine.verify(PHONE, "654321").exits(0);
    assert_eq!(app.says("654321"), "none");
    let code = issue(&machine);
    assert_eq!(app.says("111111"), "wrong");
    assert_eq!(app.says(&code), "right");
    let ttl: i64 = machine.redis().cli(&["PTTL", KEY]).parse().unwrap();
    assert!(ttl > 290_000, "{ttl}");
}

#[test]
fn the_tries_of_both_sides_add_up() {
    let machine = machine(GATEWAY);
    let app = Application(&machine, "otpgateway");
    app.issues("654321");
    for _ in 0..2 {
        assert_eq!(app.says("111111"), "wrong");
    }
    machine.verify(PHONE, "111111").exits(10);
    machine.verify(PHONE, "111111").exits(12);
    assert_eq!(app.says("654321"), "none");
    app.issues("654321");
    for _ in 0..5 {
        app.says("111111");
    }
    assert_eq!(app.says("654321"), "locked");
    assert_eq!(reason(machine.verify(PHONE, "654321").exits(12)), "attempts_exhausted");
    machine.run(&["unlock", PHONE]).exits(0);
    assert_eq!(app.says("654321"), "right");
}

#[test]
fn the_orphan_of_a_used_code_is_no_code() {
    let machine = machine(GATEWAY);
    let app = Application(&machine, "otpgateway");
    app.issues("654321");
    assert_eq!(app.does("close", ""), "done");
    assert_eq!(machine.redis().cli(&["TTL", KEY]), "-1", "as it is there");
    assert_eq!(reason(machine.verify(PHONE, "654321").exits(11)), "never_issued");
    let checks = machine.inspect(PHONE)["checks"].to_string();
    assert!(checks.contains("\"orphan\""), "{checks}");
    let code = issue(&machine);
    assert_eq!(app.says(&code), "right", "a new code takes its place");
    assert_ne!(machine.redis().cli(&["TTL", KEY]), "-1");
}

#[test]
fn a_code_in_djangos_cache_is_checked_both_ways() {
    let mut machine = machine("layout = { preset = \"django-cache\", secret = { env = \"SECRET_KEY\" } }");
    machine.variable("SECRET_KEY", "django-insecure-of-the-tests");
    let app = Application(&machine, "django");
    app.issues("654321");
    machine.verify(PHONE, "111111").exits(10);
    assert_eq!(app.does("attempts", ""), "1");
    assert_eq!(app.does("guess", ""), "2", "and goes on counting");
    assert_eq!(machine.verify(PHONE, "111111").json()["attempts_left"], 2);
    machine.verify(PHONE, "654321").exits(0);
    assert_eq!(app.says("654321"), "none");
    let code = issue(&machine);
    assert_eq!(app.says(&code), "right");
    assert_eq!(app.says("111111"), "wrong");
    let all = machine.inspect(PHONE)["checks"].to_string();
    assert!(!all.contains("plaintext_codes"), "{all}");
    app.issues("654321");
    machine.variable("SECRET_KEY", "another");
    machine.verify(PHONE, "654321").exits(10);
}

#[test]
fn bcrypt_is_checked_both_ways() {
    let machine = machine("[store.redis.layout]\nkey = \"account_phone_otp:{phone}\"\nverifier = \"bcrypt\"");
    let app = Application(&machine, "hashed");
    app.issues("654321");
    machine.verify(PHONE, "111111").exits(10);
    machine.verify(PHONE, "654321").exits(0);
    let code = issue(&machine);
    assert_eq!(app.says(&code), "right");
    assert_eq!(app.says("111111"), "wrong");
}

#[test]
fn authgears_codes_are_seen_revoked_and_unlocked_but_not_made() {
    let machine = machine("layout = { preset = \"authgear\", app = \"accounts\" }");
    let app = Application(&machine, "authgear");
    app.issues("654321");
    assert_eq!(machine.inspect(PHONE)["live_code"]["purpose"], "login");
    for command in [&["verify", PHONE, "654321"][..], &["send", PHONE], &["issue", PHONE]] {
        let ran = machine.run(command);
        assert!(ran.exits(16).stderr.contains("inside a flow of its own"), "{ran:?}");
    }
    for _ in 0..5 {
        app.does("guess", "");
    }
    assert!(machine.inspect(PHONE)["live_code"].is_null());
    machine.run(&["unlock", PHONE]).exits(0);
    assert_eq!(machine.inspect(PHONE)["live_code"]["attempts_left"], 5);
    assert_eq!(app.says("654321"), "right");
    app.does("lock", "");
    machine.run(&["unlock", PHONE]).exits(0);
    assert_eq!(app.does("locked", ""), "2", "whose account it is, is not known");
    machine.run(&["user", "link", "u_1", PHONE]).exits(0);
    assert!(machine.inspect(PHONE)["checks"].to_string().contains("application_lock"));
    assert_eq!(machine.run(&["unlock", PHONE, "--json"]).exits(0).json()["locks_cleared"], 2);
    assert_eq!(app.does("locked", ""), "0");
    machine.run(&["revoke", PHONE]).exits(0);
    assert_eq!(app.says("654321"), "none");
    let all = machine.run(&["doctor", "--json"]).exits(0).stdout.clone();
    assert!(all.contains("your application stores codes in plain text"), "{all}");
}

#[test]
fn a_key_by_user_needs_the_phones_only_user() {
    let machine = machine("layout = { key = \"account_phone_otp:otp:{user}\" }");
    machine.redis().cli(&["SET", "account_phone_otp:otp:u_1", "654321", "EX", "300"]);
    for command in [&["verify", PHONE, "654321"][..], &["issue", PHONE], &["send", PHONE]] {
        machine.run(command).exits(14);
    }
    machine.run(&["user", "link", "u_1", PHONE]).exits(0);
    machine.verify(PHONE, "111111").exits(10);
    machine.run(&["user", "link", "u_2", PHONE]).exits(0);
    machine.verify(PHONE, "654321").exits(15);
    machine.run(&["inspect", PHONE]).exits(0);
    machine.run(&["user", "unlink", "u_2"]).exits(0);
    assert_eq!(machine.redis().cli(&["GET", "account_phone_otp:otp:u_1"]), "654321");
    machine.run(&["revoke", PHONE]).exits(0);
    let code = issue(&machine);
    assert_eq!(machine.redis().cli(&["GET", "account_phone_otp:otp:u_1"]), code);
    machine.verify(PHONE, &code).exits(0);
}

/// The key is known only once it is known whose phone it is, and a directory says that.
#[test]
fn a_key_by_user_is_that_of_the_user_in_a_directory() {
    let machine = machine("layout = { key = \"account_phone_otp:otp:{user}\" }");
    let asks = |answer: &str| {
        let program = format!("cat > /dev/null; {answer}");
        machine.configure(&format!(
            "{FREE}[user]\ndirectories = [\"people\"]\n[directory.people]\nkind = \"command\"\nargv = [\"/bin/sh\", \"-c\", {program:?}]\n"
        ));
    };
    let one = |user: &str| format!(r#"echo '{{"users":[{{"user":"{user}","phone":"{PHONE}"}}]}}'"#);
    let redis = machine.redis();
    let held = |user: &str| redis.cli(&["GET", &format!("account_phone_otp:otp:{user}")]);
    redis.cli(&["SET", "account_phone_otp:otp:asha", "654321", "EX", "300"]);
    asks(&one("asha"));
    machine.verify(PHONE, "111111").exits(10);
    let code = issue(&machine);
    assert_eq!(held("asha"), code, "the application's own key is written");
    let sent = machine.run(&["send", PHONE, "--json"]).exits(0).json();
    assert_eq!(sent["user"], "asha", "{sent}");
    // The number is of somebody else now: his key is looked at, and the code of asha is no code of his.
    asks(&one("ravi"));
    let of_asha = held("asha");
    machine.verify(PHONE, &of_asha).exits(11);
    assert_eq!((held("asha"), held("ravi").as_str()), (of_asha, ""), "neither key is touched");
    // Nobody, and a directory that is down: nothing is written, and no attempt is spent.
    asks("echo '{\"users\":[]}'");
    for command in [&["verify", PHONE, "654321"][..], &["issue", PHONE], &["send", PHONE]] {
        machine.run(command).exits(14);
    }
    asks("echo down >&2; exit 1");
    for command in [&["verify", PHONE, "654321"][..], &["issue", PHONE], &["send", PHONE]] {
        machine.run(command).exits(20);
    }
    machine.run(&["inspect", PHONE]).exits(0);
    assert_eq!(redis.cli(&["KEYS", "account_phone_otp:otp:*"]), "account_phone_otp:otp:asha");
}

#[test]
fn strings_side_by_side_are_kept_in_step() {
    let machine = machine("layout = \"sibling-strings\"");
    let redis = machine.redis();
    let (code, attempts) = ("otp:+919876543210", "otp:attempts:+919876543210");
    redis.cli(&["SET", code, "654321", "EX", "200"]);
    redis.cli(&["INCR", attempts]);
    assert_eq!(machine.verify(PHONE, "111111").json()["attempts_left"], 3);
    assert_eq!(redis.cli(&["GET", attempts]), "2");
    let (ttl, of_code) = (redis.cli(&["PEXPIRETIME", attempts]), redis.cli(&["PEXPIRETIME", code]));
    assert_eq!(ttl, of_code, "the count has an end now, and the code's is what it was");
    machine.configure("[limits]\ncooldown = [\"40s\"]\n");
    machine.run(&["send", PHONE]).exits(0);
    assert_eq!(redis.cli(&["EXISTS", attempts]), "0");
    let wait: i64 = redis.cli(&["PTTL", "otp:sent_cooldown:+919876543210"]).parse().unwrap();
    assert!((30_000..=40_000).contains(&wait), "{wait}");
    machine.run(&["send", PHONE]).exits(13);
    machine.run(&["unlock", PHONE, "--limits"]).exits(0);
    assert_eq!(redis.cli(&["EXISTS", "otp:sent_cooldown:+919876543210"]), "0");
    redis.cli(&["SET", "otp:sent_cooldown:+919876543210", "1", "EX", "30"]);
    machine.run(&["send", PHONE]).exits(13);
}

#[test]
fn a_hash_of_ones_own_with_an_hmac() {
    let layout = "[store.redis.layout]\nkey = \"lua:{purpose}:{phone}\"\nphone = \"digits\"\ntype = \"hash\"\nfield = \"code_hash\"\n\
                  verifier = \"hmac-sha256\"\npattern = \"{phone}.{code}\"\nsecret = { env = \"KEY\" }\n\
                  expires_field = \"expires_at_ms\"\nexpires_as = \"milliseconds\"\nclosed_field = \"consumed\"\n\
                  [store.redis.layout.purposes]\nlogin = \"in\"\nsignup = \"up\"\n";
    let mut machine = machine(layout);
    machine.variable("KEY", "k");
    let redis = machine.redis();
    // python3: hmac.new(b"k", b"919876543210.123456", "sha256").hexdigest()
    let tag = "f59327c6e5655f42300c4e3fdea1bd14855280a3048fe2418c12cb7505eb8cad";
    redis.cli(&["HSET", "lua:up:919876543210", "code_hash", tag, "expires_at_ms", "99999999999999", "consumed", "0"]);
    let verify = |code: &str, purpose: &str| machine.run(&["verify", PHONE, code, "--purpose", purpose, "--json"]);
    verify("123456", "login").exits(11);
    verify("654321", "signup").exits(10);
    verify("123456", "signup").exits(0);
    redis.cli(&["HSET", "lua:up:919876543210", "code_hash", tag, "expires_at_ms", "1000", "consumed", "0"]);
    verify("123456", "signup").exits(11);
    redis.cli(&["HSET", "lua:in:919876543210", "code_hash", tag, "expires_at_ms", "99999999999999", "consumed", "1"]);
    verify("123456", "login").exits(11);
    let code = machine.run(&["issue", PHONE, "--purpose", "signup"]).exits(0).stdout.trim().to_owned();
    assert_eq!(redis.cli(&["HGET", "lua:up:919876543210", "consumed"]), "0");
    verify(&code, "login").exits(11);
    verify(&code, "signup").exits(0);
    machine.run(&["verify", PHONE, "123456", "--purpose", "reset"]).exits(16);
}

#[test]
fn a_json_document_keeps_its_other_fields() {
    let layout = "[store.redis.layout]\nkey = \"redis::phone::otp::{phone}\"\nphone = \"national\"\ntype = \"json\"\n\
                  field = \"otp\"\nattempts_field = \"attempt\"\n";
    let machine = machine(layout);
    machine.configure(&format!("region = \"IN\"\n{FREE}"));
    let (redis, key) = (machine.redis(), "redis::phone::otp::9876543210");
    redis.cli(&["SET", key, r#"{"otp":123456,"attempt":1,"name":"Asha"}"#, "EX", "100"]);
    assert_eq!(machine.verify(PHONE, "111111").json()["attempts_left"], 3);
    assert_eq!(redis.cli(&["GET", key]), r#"{"attempt":2,"name":"Asha","otp":123456}"#);
    machine.verify(PHONE, "123456").exits(0);
    let abroad = machine.run(&["issue", "+14155550123"]);
    assert!(abroad.exits(16).stderr.contains("has no key for a number of this country"), "{abroad:?}");
    machine.run(&["inspect", "+14155550123"]).exits(0);
}

#[test]
fn a_user_of_redis_with_the_printed_rules_can_work() {
    let machine = machine("layout = \"sibling-strings\"");
    let rules = machine.run(&["store", "acl", "--role", "operator", "--user", "op", "--json"]).exits(0).json();
    let rules: Vec<&str> =
        rules["acl"][0]["rules"].as_array().unwrap().iter().map(|rule| rule.as_str().unwrap()).collect();
    let mut words = vec!["ACL", "SETUSER", "op", ">op-password"];
    words.extend(rules);
    assert_eq!(machine.redis().cli(&words), "OK");
    let mut operator = machine.elsewhere();
    operator.user("op", "op-password");
    machine.redis().cli(&["SET", "otp:+919876543210", "654321", "EX", "200"]);
    operator.verify(PHONE, "111111").exits(10);
    operator.run(&["list"]).exits(0);
    operator.verify(PHONE, "654321").exits(0);
    operator.run(&["send", PHONE]).exits(0);
    machine.redis().cli(&["SET", "other:+919876543210", "x"]);
}
