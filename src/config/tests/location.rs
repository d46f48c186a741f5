//! Which file is read: the order, and what is reported when a named one is not there.

use std::path::{Path, PathBuf};

use super::super::locate::{Chosen, Located, Origin, Request, locate_in};
use super::super::{ConfigError, Env, default_path, locate};
use super::{folder, write};

struct World {
    root: tempfile::TempDir,
    env: Env,
}

impl World {
    fn new(files: &[&str]) -> Self {
        let root = folder();
        for file in files {
            let path = root.path().join(file);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("makes it");
            write(&path, "", 0o600);
        }
        let env = [("XDG_CONFIG_HOME", root.path().join("xdg"))].into_iter().collect();
        Self { root, env }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.root.path().join(file)
    }

    fn locate(&self, request: &Request) -> Result<Located, ConfigError> {
        locate_in(request, &self.env, &self.path("etc"))
    }
}

fn config(path: PathBuf, by_flag: bool) -> Chosen<PathBuf> {
    Chosen { value: path, by_flag }
}

fn profile(name: &str, by_flag: bool) -> Chosen<String> {
    Chosen { value: name.to_owned(), by_flag }
}

const ALL: &[&str] = &[
    "own.toml",
    "xdg/otpctl/otpctl.toml",
    "xdg/otpctl/prod.toml",
    "etc/otpctl.toml",
    "etc/prod.toml",
    "etc/staging.toml",
];

#[test]
fn the_first_that_is_there_is_the_only_one() {
    let world = World::new(ALL);
    let both = Request { config: Some(config(world.path("own.toml"), true)), profile: Some(profile("prod", true)) };
    let found = world.locate(&both).expect("found");
    assert_eq!((found.path, found.named, found.origin), (Some(world.path("own.toml")), true, Origin::Flag));
    assert_eq!(found.ignored_profile.as_deref(), Some("prod"));

    let exported = Request { config: Some(config(world.path("own.toml"), false)), profile: None };
    assert_eq!(world.locate(&exported).expect("found").origin, Origin::Environment("OTPCTL_CONFIG"));

    let named = Request { config: None, profile: Some(profile("prod", true)) };
    let found = world.locate(&named).expect("found");
    assert_eq!((found.path, found.named, found.origin), (Some(world.path("xdg/otpctl/prod.toml")), true, Origin::Flag));

    let elsewhere = Request { config: None, profile: Some(profile("staging", false)) };
    let found = world.locate(&elsewhere).expect("found");
    assert_eq!(found.path, Some(world.path("etc/staging.toml")));
    assert_eq!((found.named, found.origin), (true, Origin::Environment("OTPCTL_PROFILE")));

    let empty = Request { config: Some(config(PathBuf::new(), false)), profile: Some(profile("", false)) };
    assert_eq!(world.locate(&empty).expect("found"), world.locate(&Request::default()).expect("found"));
    assert!(world.locate(&Request { config: Some(config(PathBuf::new(), true)), profile: None }).is_err());

    let found = world.locate(&Request::default()).expect("found");
    assert_eq!((found.path, found.named), (Some(world.path("xdg/otpctl/otpctl.toml")), false));
    let found = World::new(&["etc/otpctl.toml"]);
    let located = found.locate(&Request::default()).expect("found");
    assert_eq!(located.path, Some(found.path("etc/otpctl.toml")));
    assert_eq!(located.tried, [found.path("xdg/otpctl/otpctl.toml"), found.path("etc/otpctl.toml")]);
}

#[test]
fn without_any_file_there_is_none() {
    let world = World::new(&["otpctl.toml"]);
    let found = world.locate(&Request::default()).expect("the defaults");
    assert_eq!((found.path, found.named, found.tried.len()), (None, false, 2));
}

#[test]
fn the_current_folder_is_never_looked_at() {
    // A relative XDG folder would be one below the current folder.
    let env: Env = [("XDG_CONFIG_HOME", "."), ("HOME", "relative")].into_iter().collect();
    let found = locate_in(&Request::default(), &env, Path::new("/absent/otpctl")).expect("the defaults");
    assert_eq!(found.tried, [Path::new("/absent/otpctl/otpctl.toml")]);
    let home: Env = [("XDG_CONFIG_HOME", ""), ("HOME", "/absent/home")].into_iter().collect();
    let found = locate_in(&Request::default(), &home, Path::new("/absent/otpctl")).expect("the defaults");
    assert_eq!(default_path(&home).as_ref(), found.tried.first());
    assert_eq!(default_path(&env), None);
    assert_eq!(found.tried[0], Path::new("/absent/home/.config/otpctl/otpctl.toml"));
    assert!(locate(&Request::default(), &Env::default()).expect("looks").tried[0].starts_with("/etc/otpctl"));
}

#[test]
fn a_named_file_that_is_not_there_is_an_error_with_what_is_near() {
    let world = World::new(ALL);
    let said = |request: Request| {
        let error = world.locate(&request).expect_err("not there");
        format!("{error} | {}", error.hinted())
    };
    let text = said(Request { config: Some(config(world.path("etc/prodd.toml"), true)), profile: None });
    assert!(text.contains("there is no such file"), "{text}");
    assert!(text.ends_with(&format!(": otpctl -c {} config check", world.path("etc/prod.toml").display())), "{text}");
    let text = said(Request { config: Some(config("prod".into(), true)), profile: None });
    assert!(text.ends_with(": otpctl -p prod config check"), "{text}");
    let text = said(Request { config: None, profile: Some(profile("stagin", true)) });
    assert!(text.contains("did you mean `staging`?") && text.ends_with(": otpctl -p staging config check"), "{text}");
    let text = said(Request { config: None, profile: Some(profile("zzzzzz", true)) });
    assert!(text.ends_with("profiles: otpctl, prod, staging"), "{text}");
}

#[test]
fn a_profile_is_a_name_and_no_path() {
    let world = World::new(ALL);
    for name in ["", "../prod", "/etc/x", "a b", ".hidden", "é"] {
        let error = world.locate(&Request { config: None, profile: Some(profile(name, true)) }).expect_err(name);
        assert_eq!(error.hinted(), "pass a path with --config");
    }
}

#[test]
fn a_broken_link_is_not_skipped() {
    let world = World::new(&["etc/otpctl.toml"]);
    std::fs::create_dir_all(world.path("xdg/otpctl")).expect("makes it");
    std::os::unix::fs::symlink("absent", world.path("xdg/otpctl/otpctl.toml")).expect("links");
    assert_eq!(world.locate(&Request::default()).expect_err("nowhere").message(), "broken symbolic link");
}
