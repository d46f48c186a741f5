//! Who may own, write and read the file and the secrets, and by which way they may be reached.

use std::os::unix::fs::symlink;
use std::path::Path;

use super::super::{ConfigError, SecretSource, load, read_private};
use super::{chmod, fetch, file, folder, home, located, write};

const PLAIN: &str = "region = \"IN\"\n";
const LITERAL: &str = "[providers.telnyx]\napi_key = \"k\"\n";

fn load_at(path: &Path) -> Result<(), ConfigError> {
    load(&located(Some(path.to_owned())), &home()).map(drop)
}

fn refused(result: Result<(), ConfigError>, message: &str, hint: &str) {
    let error = result.expect_err(message);
    assert!(error.message().contains(message), "{error}");
    assert_eq!(error.hinted(), hint, "{error}");
}

#[test]
fn a_file_with_a_secret_in_it_is_for_its_owner_only() {
    let folder = folder();
    let path = folder.path().join("otpctl.toml");
    for mode in [0o644, 0o640, 0o604, 0o610] {
        write(&path, LITERAL, mode);
        refused(load_at(&path), "line 2 contains a secret", &format!("chmod 600 {}", path.display()));
    }
    for literal in [
        "[store.redis]\nurl = \"redis://:p@h\"",
        "[store.redis]\nurl = \"redis://h\"\npassword = \"p\"",
        "[code]\npeppers = [{ id = \"1\", value = \"0123456789abcdef0123456789abcdef\" }]",
        "[providers.telnyx]\napi_key = { env = \"K\" }\nbase_url = \"https://u:p@h\"",
    ] {
        write(&path, literal, 0o644);
        refused(load_at(&path), "contains a secret", &format!("chmod 600 {}", path.display()));
    }
    for mode in [0o600, 0o400] {
        chmod(&path, mode);
        load_at(&path).expect("private");
    }
}

#[test]
fn a_file_without_secrets_may_be_read_and_not_written_by_others() {
    let folder = folder();
    let path = folder.path().join("it's mine.toml");
    write(&path, PLAIN, 0o644);
    load_at(&path).expect("readable by all");
    for mode in [0o664, 0o646, 0o666] {
        chmod(&path, mode);
        let quoted = path.display().to_string().replace('\'', r"'\''");
        refused(load_at(&path), "others can write this file", &format!("chmod 600 '{quoted}'"));
    }
}

/// Only root can give a file away; for anybody else the rule alone is tested, in `system`.
#[test]
fn the_owner_of_a_file_is_asked() {
    let folder = folder();
    let (config, key) = (folder.path().join("otpctl.toml"), folder.path().join("key"));
    for path in [&config, &key] {
        write(path, PLAIN, 0o600);
    }
    load_at(&config).expect("our own");
    if rustix::process::geteuid().is_root() {
        for path in [&config, &key] {
            std::os::unix::fs::chown(path, Some(65_534), None).expect("gives the file away");
        }
        refused(load_at(&config), "belongs to another user", &format!("chown root {}", config.display()));
        refused(read_private(&key).map(drop), "belongs to another user", &format!("chown root {}", key.display()));
    }
}

#[tokio::test]
async fn a_secret_file_is_for_its_owner_only() {
    let folder = folder();
    let path = folder.path().join("key");
    for mode in [0o644, 0o660, 0o601] {
        write(&path, "k\n", mode);
        let result = SecretSource::File(file(&path)).resolve(&fetch(&home())).await.map(drop);
        refused(result, "this file contains a secret", &format!("chmod 600 {}", path.display()));
    }
    write(&path, "k\n", 0o600);
    assert_eq!(SecretSource::File(file(&path)).resolve(&fetch(&home())).await.expect("a key").expose(), "k");
}

#[test]
fn a_link_that_anybody_could_have_made_is_not_followed() {
    let (own, shared) = (folder(), folder());
    chmod(shared.path(), 0o1777);
    let (config, key) = (own.path().join("otpctl.toml"), own.path().join("key"));
    write(&config, PLAIN, 0o600);
    write(&key, "k", 0o600);
    let hint = "pass the file itself, in a folder that only you or root can write";
    for target in [&config, &key] {
        let link = shared.path().join("link");
        let _ = std::fs::remove_file(&link);
        symlink(target, &link).expect("links");
        refused(load_at(&link), "a symbolic link in a folder that anyone can write", hint);
        refused(read_private(&link).map(drop), "a symbolic link in a folder that anyone can write", hint);
        // One link further, from a folder of our own.
        let safe = own.path().join("safe");
        let _ = std::fs::remove_file(&safe);
        symlink(&link, &safe).expect("links");
        refused(load_at(&safe), "a symbolic link in a folder that anyone can write", hint);
    }
    let folder_link = shared.path().join("folder");
    symlink(own.path(), &folder_link).expect("links");
    refused(load_at(&folder_link.join("otpctl.toml")), "a symbolic link in a folder that anyone can write", hint);
}

#[test]
fn a_link_in_a_folder_of_ours_is_followed() {
    let folder = folder();
    write(&folder.path().join("real.toml"), PLAIN, 0o600);
    symlink("./sub/../real.toml", folder.path().join("link.toml")).expect("links");
    std::fs::create_dir(folder.path().join("sub")).expect("a folder");
    load_at(&folder.path().join("sub/../link.toml")).expect("followed");
    symlink("round", folder.path().join("round")).expect("links");
    assert!(load_at(&folder.path().join("round")).is_err());
}

#[test]
fn only_a_regular_file_is_opened() {
    let folder = folder();
    refused(load_at(folder.path()), "not a regular file", "");
    refused(load_at(Path::new("/dev/null")), "not a regular file", "");
    // A pipe would block whoever opens it.
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs");
    assert!(made.success());
    refused(load_at(&pipe), "not a regular file", "");
}
