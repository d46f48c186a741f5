//! `store acl`: the Redis users that people need, one line each, ready for `redis-cli`.

use clap::ValueEnum;
use serde::Serialize;

use crate::app::{App, Role};
use crate::commands::Done;
use crate::otp::Hint;
use crate::output::{Human, Report, lines_of};

/// No user of Redis needs a longer name.
const LONGEST: usize = 64;

/// Print Redis ACL rules: what a person needs for his part, and no more
///
/// Each line is a command for `redis-cli`, and connects to nothing. A line that is given again takes back what an older
/// one granted, and leaves the password alone. With a Cluster it goes to each node.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What the person does; absent: a line for each
    #[arg(long, value_enum)]
    role: Option<Part>,
    /// The name of the Redis user [default: otpctl-ROLE]
    #[arg(long, value_name = "NAME", value_parser = name, requires = "role")]
    user: Option<String>,
}

/// A role, as it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
enum Part {
    /// Looks, and changes nothing
    Support,
    /// Sends, checks, revokes, unlocks
    Operator,
    /// Examines the servers too
    Admin,
    /// Sends and checks, and lists nothing
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
struct Row {
    role: Part,
    user: String,
    rules: Vec<String>,
    command: String,
    /// For the Sentinels, where there are any.
    sentinel_command: Option<String>,
}

#[derive(Serialize)]
struct Acl {
    schema: &'static str,
    acl: Vec<Row>,
}

/// Nothing that a shell or the protocol of Redis would understand in a way of its own.
fn name(text: &str) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._@-".contains(&byte);
    if text.is_empty() || text.len() > LONGEST || !text.bytes().all(plain) {
        return Err(format!("a user has 1 to {LONGEST} letters, digits, `.`, `_`, `@` and `-`"));
    }
    Ok(text.to_owned())
}

impl Args {
    pub(super) fn run(&self, app: &App) -> Done {
        let parts = self.role.map_or_else(|| Part::value_variants().to_vec(), |part| vec![part]);
        let mut rows = Vec::with_capacity(parts.len());
        for part in parts {
            let typed = part.to_possible_value();
            let usual = || format!("otpctl-{}", typed.as_ref().map_or("user", |value| value.get_name()));
            let user = self.user.clone().unwrap_or_else(usual);
            let (rules, sentinel_rules) = app.redis_rules(part.role())?;
            let command = |rules: &Vec<String>| format!("ACL SETUSER {user} {}", rules.join(" "));
            let (command, sentinel_command) = (command(&rules), sentinel_rules.as_ref().map(command));
            rows.push(Row { role: part, user, rules, command, sentinel_command });
        }
        Ok(Box::new(Acl { schema: "otpctl.store_acl/1", acl: rows }))
    }
}

impl Report for Acl {
    fn human(&self) -> Human {
        Human::Verbatim(self.acl.iter().map(|row| row.command.as_str()).collect::<Vec<_>>().join("\n"))
    }

    fn document(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }

    fn lines(&self) -> serde_json::Result<Vec<String>> {
        lines_of("otpctl.store_acl_row/1", &self.acl)
    }

    fn hints(&self) -> Vec<Hint> {
        let Some(row) = self.acl.first() else { return Vec::new() };
        let mut hints = vec![
            Hint::shell(format!("ACL SETUSER {} '>…'", row.user)).because("nobody can log in yet; give a password"),
        ];
        hints.extend(row.sentinel_command.iter().map(|command| Hint::shell(command).because("at each Sentinel")));
        hints
    }
}
