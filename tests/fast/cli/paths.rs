//! What a setting names is beside the file that names it, or in `PATH`; never in the current folder.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::cli::{Machine, PEPPER, PHONE};
use crate::support::until::{is_gone, until};

/// Two programs of the same name: one beside the configuration, and one that a stranger put into the current folder.
fn planted(name: &str, script: &str) -> (Machine, PathBuf) {
    let machine = Machine::new();
    machine.program(&format!(".config/otpctl/{name}"), script);
    let stolen = machine.path("stolen");
    machine.program(name, &format!("cat > {}; {script}", stolen.display()));
    (machine, stolen)
}

const COUNTRIES: &str = "[policy]\ncountries = [\"IN\"]\n";

#[test]
fn a_program_of_the_current_folder_gets_no_code() {
    for (name, argv) in [("send.sh", "./send.sh"), ("send.sh", "../otpctl/send.sh"), ("bin/send.sh", "bin/send.sh")] {
        let (machine, stolen) = planted(name, "exit 0");
        machine.configure(&format!("{COUNTRIES}[providers.own]\nkind = \"command\"\nargv = [{argv:?}]\n"));
        machine.run(&["send", PHONE]).exits(0);
        assert!(!stolen.exists(), "{argv}");
    }
    // One that is only in the current folder is not there.
    let machine = Machine::with(&format!("{COUNTRIES}[providers.own]\nkind = \"command\"\nargv = [\"./send.sh\"]\n"));
    machine.program("send.sh", "exit 0");
    machine.run(&["send", PHONE]).exits(26);
}

#[test]
fn a_program_of_the_current_folder_is_not_asked_for_a_secret() {
    let (machine, stolen) = planted("pepper.sh", &format!("echo '{PEPPER}'"));
    machine.configure("[code]\npeppers = [{ id = \"1\", command = [\"./pepper.sh\"] }]\n");
    let code = machine.send(PHONE);
    machine.run(&["verify", PHONE, &code]).exits(0);
    assert!(!stolen.exists());
}

#[test]
fn a_folder_of_path_that_means_the_current_one_is_skipped() {
    for path in ["", ".", ":/usr/bin:/bin", "/usr/bin:/bin:", "/usr/bin::/bin", ".:/usr/bin:/bin", "bin:/usr/bin:/bin"]
    {
        let mut machine = Machine::new();
        let stolen = machine.path("stolen");
        for name in ["send-sms", "bin/send-sms"] {
            machine.program(name, &format!("/bin/cat > {}", stolen.display()));
        }
        machine.variable("PATH", path);
        machine.configure(&format!(
            "{COUNTRIES}[routes]\ndefault = [\"own\"]\n[providers.own]\nkind = \"command\"\nargv = [\"send-sms\"]\n\
             [providers.telnyx]\napi_key = {{ command = [\"send-sms\"] }}\nfrom = \"+13125550100\"\n"
        ));
        let error = machine.run(&["send", PHONE, "--json"]).exits(26).error();
        assert!(error["message"].as_str().unwrap().contains("there is no executable program send-sms"), "{error}");
        machine.run(&["send", PHONE, "--provider", "telnyx"]).exits(30);
        machine.run(&["provider", "test", "own"]);
        assert!(!stolen.exists(), "{path:?}");
    }
}

/// Every setting that names a file, with relative paths, from another folder than that of the file.
#[test]
fn every_path_of_the_file_is_beside_it() {
    let settings = "[store.embedded]\npath = \"sub/codes.db\"\n\
         [code]\npeppers = [{ id = \"1\", file = \"pepper\" }]\n\
         [providers.outbox]\npath = \"outbox.jsonl\"\n\
         [providers.smpp]\nhost = \"127.0.0.1\"\nsystem_id = \"a\"\npassword = { file = \"key\" }\ntls = { ca = \"ca.pem\" }\n\
         [providers.own]\ndefinition = \"own.toml\"\n\
         [providers.program]\nkind = \"command\"\nargv = [\"./send\", \"./as-it-is\"]\n\
         [routes]\ndefault = [\"outbox\"]\n[policy]\ncountries = [\"IN\"]\n";
    let machine = Machine::with(settings);
    machine.write(".config/otpctl/pepper", PEPPER);
    let folder = machine.config().parent().unwrap().to_path_buf();
    let file = machine.config().display().to_string();
    // Named in full, and from the folder that it is in.
    for (config, from) in
        [(file.as_str(), machine.path("")), ("otpctl.toml", folder.clone()), ("./otpctl.toml", folder.clone())]
    {
        let mut command = machine.command(&["config", "show", "--json", "--config", config]);
        let output = command.current_dir(&from).output().unwrap();
        let shown: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let shown = shown.to_string();
        for name in ["sub/codes.db", "outbox.jsonl", "pepper", "key", "ca.pem", "own.toml", "send"] {
            let path = folder.join(name).display().to_string();
            assert!(shown.contains(&format!("\"{path}\"")), "{path} in {shown}");
        }
        assert!(shown.contains("\"./as-it-is\""), "{shown}");
        let mut command =
            machine.command(&["send", PHONE, "--config", config, "--purpose", &format!("p{}", config.len())]);
        assert_eq!(command.current_dir(&from).output().unwrap().status.code(), Some(0));
        machine.run(&["unlock", PHONE, "--limits"]).exits(0);
    }
    assert!(folder.join("sub/codes.db").exists() && folder.join("outbox.jsonl").exists());
    let stray = |path: &Path| fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>();
    assert_eq!(stray(&machine.path("")), [".config"], "nothing is made in the current folder");
}

/// A program of a secret that hangs is stopped with all that it started, and named.
#[test]
fn a_program_that_hangs_is_stopped_with_its_children() {
    let machine = Machine::new();
    let child = machine.path("child");
    let script = format!("sleep 60 & echo $! > {}; wait", child.display());
    let program = machine.program("hang", &script);
    let key = format!("{{ command = [{program:?}] }}");
    for (settings, setting) in [
        (format!("[code]\npeppers = [{{ id = \"1\", command = [{program:?}] }}]\n"), "code.peppers"),
        (
            format!(
                "[store.redis]\nurl = \"redis://127.0.0.1:1\"\npassword = {key}\n[code]\npeppers = [{{ id = \"1\", env = \"HOME\" }}]\n"
            ),
            "store.redis.password",
        ),
        (
            format!("{COUNTRIES}[providers.telnyx]\nfrom = \"+13125550100\"\napi_key = {key}\n"),
            "providers.telnyx.api_key",
        ),
    ] {
        machine.configure(&settings);
        let error = machine.run(&["send", PHONE, "--json", "--timeout", "2s"]).exits(30).error();
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(setting) && message.contains("hang printed nothing in time"), "{message}");
        assert!(error["hint"].as_str().unwrap().contains("run it by hand"), "{error}");
        let child = fs::read_to_string(&child).unwrap();
        until("its child is killed", || is_gone(child.trim()));
    }
}
