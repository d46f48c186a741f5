//! `store acl`: the Redis users that people need, one line each, ready for `redis-cli`.

use clap::ValueEnum;
use serde::Serialize;

use crate::app::{App, Understood};
use crate::commands::CommandResult;
use crate::otp::{Hint, Role};
use crate::output::{Human, Lines, Report, lines_of};

/// No user of Redis needs a longer name.
const LONGEST: usize = 64;

/// Print Redis ACL rules that allow each role no more than it needs
///
/// Each line is a command for `redis-cli`. The server is asked for its version; no password is needed. Running a line again
/// replaces the rules of an older one and keeps the password. In a Cluster, run it on each node.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The role [default: a line for each]
    #[arg(long, value_enum)]
    role: Option<Part>,
    /// The name of the Redis user [default: otpctl-ROLE]
    #[arg(long, value_name = "NAME", value_parser = name, requires = "role")]
    user: Option<String>,
    /// The version of the server, if it cannot be asked
    #[arg(long, value_enum, value_name = "VERSION")]
    redis: Option<Version>,
}

/// From which version on a server understands the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Version {
    /// Redis 6.0
    #[value(name = "6.0")]
    Redis60,
    /// Redis 6.2
    #[value(name = "6.2")]
    Redis62,
    /// Redis 7 and later, Valkey
    #[value(name = "7")]
    Redis7,
}

impl Version {
    fn understood(self) -> Understood {
        match self {
            Self::Redis60 => Understood::Redis60,
            Self::Redis62 => Understood::Redis62,
            Self::Redis7 => Understood::Redis7,
        }
    }
}

/// A role, as it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum Part {
    /// Reads, and changes nothing
    Support,
    /// Sends, verifies, revokes, unlocks
    Operator,
    /// Also examines the servers
    Admin,
    /// Sends and verifies, and lists nothing
    Ci,
}

impl Part {
    fn role(self) -> Role {
        match self {
            Self::Support => Role::Support,
            Self::Operator => Role::Operator,
            Self::Admin => Role::Admin,
            Self::Ci => Role::Ci,
        }
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Row {
    role: Part,
    user: String,
    rules: Vec<String>,
    command: String,
    /// For the Sentinels, where there are any.
    sentinel_command: Option<String>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Acl {
    /// The oldest version that understands the rules as they are.
    redis: &'static str,
    acl: Vec<Row>,
    /// Neither was the version said, nor was a server there to be asked.
    #[serde(skip)]
    assumed: bool,
}

/// Allows nothing that has a meaning to a shell or to Redis.
fn name(text: &str) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._@-".contains(&byte);
    if text.is_empty() || text.len() > LONGEST || !text.bytes().all(plain) {
        return Err(format!("a user has 1 to {LONGEST} letters, digits, `.`, `_`, `@` and `-`"));
    }
    Ok(text.to_owned())
}

impl Args {
    pub(super) async fn run(&self, app: &App) -> CommandResult {
        let told = match self.redis {
            Some(version) => Some(version.understood()),
            None => app.understood_rules().await?,
        };
        let understood = told.unwrap_or_default();
        let parts = self.role.map_or_else(|| Part::value_variants().to_vec(), |part| vec![part]);
        let mut rows = Vec::with_capacity(parts.len());
        for part in parts {
            let typed = part.to_possible_value();
            let usual = || format!("otpctl-{}", typed.as_ref().map_or("user", |value| value.get_name()));
            let user = self.user.clone().unwrap_or_else(usual);
            let (rules, sentinel_rules) = app.redis_rules(part.role(), understood)?;
            let command = |rules: &Vec<String>| format!("ACL SETUSER {user} {}", rules.join(" "));
            let (command, sentinel_command) = (command(&rules), sentinel_rules.as_ref().map(command));
            rows.push(Row { role: part, user, rules, command, sentinel_command });
        }
        let redis = match understood {
            Understood::Redis60 => "6.0",
            Understood::Redis62 => "6.2",
            Understood::Redis7 => "7",
        };
        Ok(Box::new(Acl { redis, acl: rows, assumed: told.is_none() }))
    }
}

impl Report for Acl {
    const SCHEMA: &str = "otpctl.store_acl/1";

    fn human(&self) -> Human {
        Human::Verbatim(self.acl.iter().map(|row| row.command.as_str()).collect::<Vec<_>>().join("\n"))
    }

    fn lines(&self) -> Lines {
        lines_of("otpctl.store_acl_row/1", &self.acl)
    }

    fn hints(&self) -> Vec<Hint> {
        let Some(row) = self.acl.first() else { return Vec::new() };
        let mut hints = vec![
            Hint::shell(format!("ACL SETUSER {} '>…'", row.user)).because("nobody can log in yet; set a password"),
        ];
        hints.extend(row.sentinel_command.iter().map(|command| Hint::shell(command).because("at each Sentinel")));
        if self.assumed {
            let why =
                "no server was reached, so the rules are for Redis 7 and later; for an older one, pass --redis 6.2";
            hints.push(Hint::words(why));
        }
        hints
    }
}

crate::otp::schema::documents! { "otpctl.store_acl/1" => Acl, "otpctl.store_acl_row/1" => Row }
