//! `config`: the one file that is read.

mod check;
mod init;
mod jwks;
mod path;
mod show;

group! {
    /// Find, show, check or create the configuration file
    pub struct Args;

    Path "path" path ["config path", "config path --json"];
    Show "show" show ["config show", "config show --origin"];
    Check "check" check.await ["config check", "config check --json"];
    Jwks "jwks" jwks.await ["config jwks > jwks.json", "config jwks --json"];
    Init "init" init ["config init", "config init --profile staging"];
}
