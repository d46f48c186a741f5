//! Whatever the program says to type next can be pasted: it is a command, and it speaks to the same store.
//! These need a server or another program.

use crate::servers::redis::RedisServer;
use crate::support::cli::{FREE, Machine, PHONE};
use crate::support::hints::{commands, hold};
use crate::support::port::closed_port;

#[test]
fn hints_on_stores_that_fail_can_be_pasted() {
    let file = |url: &str, more: &str| {
        let pepper = "peppers = [{ id = \"1\", value = \"a pepper of at least 32 characters\" }]";
        format!("{FREE}{more}[store.redis]\nurl = \"{url}\"\n[code]\n{pepper}\n")
    };
    let server = RedisServer::start();
    server.cli(&["SET", &format!("otpctl:{{{PHONE}}}:record"), "no record"]);
    let gone = format!("redis://127.0.0.1:{}", closed_port());
    let [well, denied] = [server.url().clone(), server.url().replace("redis://", "redis://nosuch:x@")];
    for (url, more) in [(&well, ""), (&gone, ""), (&denied, ""), (&well, "protected = true\n")] {
        let machine = Machine::with(FREE);
        machine.write(".config/otpctl/prod.toml", &file(url, "").replacen(FREE, &format!("{more}{FREE}"), 1));
        let absolute = machine.path(".config/otpctl/prod.toml").display().to_string();
        let mut found = Vec::new();
        for words in [
            &["send", PHONE][..],
            &["verify", PHONE, "000000"],
            &["inspect", PHONE],
            &["issue", PHONE],
            &["list"],
            &["store", "check"],
            &["store", "purge", "--dry-run"],
            &["doctor"],
            &["config", "check"],
        ] {
            for form in [&[][..], &["--json"], &["-o", "jsonl"]] {
                found.extend(commands(&machine.run(&[&["-p", "prod"], words, form].concat())));
            }
        }
        assert!(found.len() > 3, "{url}: {found:?}");
        hold(&machine, &found, &absolute);
    }
}
