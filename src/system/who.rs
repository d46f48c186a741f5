//! Who runs this program: what the kernel keeps of a login, and what the environment says where it keeps nothing.

use std::path::Path;

use super::read::read_text;
use super::trust::Trust;
use crate::otp::escape::escaped;

/// No list of a machine's users is longer, in bytes.
const MAX_PASSWD: u64 = 4 << 20;
/// No file of `/proc` that is read here is longer, in bytes.
const MAX_PROC: u64 = 4 << 10;
/// No name is shown longer, in characters.
const LONGEST: usize = 64;
/// The kernel's word for "nobody logged in": a service, a container.
const UNSET: u32 = u32::MAX;

/// The operator of this run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// The user that the process runs as.
    pub user: String,
    /// The user that logged in: the kernel's `loginuid`, which `sudo` does not change; else `SUDO_USER`.
    pub login: Option<String>,
    /// The terminal that controls the process, such as `pts/3`.
    pub tty: Option<String>,
    /// The address that an SSH session came from.
    pub ssh: Option<String>,
    /// The name of this machine.
    pub host: String,
}

impl Who {
    /// Who runs this process. `variable` reads its environment, which only `cli.rs` may: the user can write there what he
    /// likes, so the kernel's word goes first.
    #[must_use]
    pub fn own(variable: impl Fn(&str) -> Option<String>) -> Self {
        let tty = read("/proc/self/stat", MAX_PROC).as_deref().and_then(terminal);
        Self { tty, ..Self::without_terminal(variable) }
    }

    /// The same without the terminal, for whoever only names him.
    #[must_use]
    pub fn without_terminal(variable: impl Fn(&str) -> Option<String>) -> Self {
        let passwd = read("/etc/passwd", MAX_PASSWD).unwrap_or_default();
        let login = read("/proc/self/loginuid", MAX_PROC).and_then(|id| id.trim().parse().ok());
        let login = login.filter(|id| *id != UNSET).map(|id| named(&passwd, id));
        let sudo = || variable("SUDO_USER").filter(|name| !name.is_empty());
        let ssh = variable("SSH_CONNECTION").or_else(|| variable("SSH_CLIENT"));
        Self {
            user: plain(&named(&passwd, rustix::process::getuid().as_raw())),
            login: login.or_else(sudo).map(|name| plain(&name)),
            tty: None,
            ssh: ssh.and_then(|words| words.split_whitespace().next().map(plain)),
            host: plain(&rustix::system::uname().nodename().to_string_lossy()),
        }
    }

    /// The operator in a few words: `asha`, or `root (sudo from asha)`.
    #[must_use]
    pub fn short(&self) -> String {
        match &self.login {
            Some(login) if *login != self.user => format!("{} (sudo from {login})", self.user),
            _ => self.user.clone(),
        }
    }
}

fn read(path: &str, limit: u64) -> Option<String> {
    read_text(Path::new(path), limit, Trust::Any).ok().map(|read| read.text.to_string())
}

/// The name of a user; one whom only a directory service knows stays a number.
fn named(passwd: &str, id: u32) -> String {
    let name = passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(id)).then_some(name)
    });
    name.map_or_else(|| format!("uid {id}"), str::to_owned)
}

/// The terminal in `/proc/self/stat`: the fifth field behind the program's name, which may itself contain anything.
fn terminal(stat: &str) -> Option<String> {
    let number: u32 = stat.rsplit_once(')')?.1.split_whitespace().nth(4)?.parse().ok()?;
    let (major, minor) = ((number >> 8) & 0xfff, (number & 0xff) | ((number >> 12) & 0xf_ff00));
    match major {
        0 => None,
        4 if minor < 64 => Some(format!("tty{minor}")),
        4 => Some(format!("ttyS{}", minor - 64)),
        136..=143 => Some(format!("pts/{}", (major - 136) * 256 + minor)),
        _ => Some(format!("{major}:{minor}")),
    }
}

fn plain(text: &str) -> String {
    escaped(text).chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_the_name_that_the_machine_has_for_the_number() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nbroken\nasha:x:1000:1000::/home/asha:/bin/sh\n";
        assert_eq!(named(passwd, 0), "root");
        assert_eq!(named(passwd, 1000), "asha");
        assert_eq!(named(passwd, 100), "uid 100");
    }

    #[test]
    fn a_terminal_is_named_as_ps_names_it() {
        let stat = |number: u32| format!("7 (a) b (c) S 1 7 7 {number} 7 4194304 1");
        assert_eq!(terminal(&stat(0)), None);
        assert_eq!(terminal(&stat(34_819)).as_deref(), Some("pts/3"));
        assert_eq!(terminal(&stat(0x0010_882c)).as_deref(), Some("pts/300"));
        assert_eq!(terminal(&stat(1025)).as_deref(), Some("tty1"));
        assert_eq!(terminal(&stat(1088)).as_deref(), Some("ttyS0"));
        assert_eq!(terminal("7 (broken"), None);
    }

    #[test]
    fn an_operator_is_named_with_the_login_behind_a_sudo() {
        let who = Who { user: "root".into(), login: Some("asha".into()), tty: None, ssh: None, host: "h".into() };
        assert_eq!(who.short(), "root (sudo from asha)");
        assert_eq!(Who { login: Some("root".into()), ..who.clone() }.short(), "root");
        assert_eq!(Who { login: None, ..who }.short(), "root");
    }

    #[test]
    fn what_the_environment_says_drives_no_terminal() {
        let variables = |name: &str| match name {
            "SUDO_USER" => Some("a\u{1b}[2J".to_owned()),
            "SSH_CONNECTION" => Some("192.0.2.7 50000 192.0.2.1 22".to_owned()),
            _ => None,
        };
        let who = Who::own(variables);
        assert_eq!(who.ssh.as_deref(), Some("192.0.2.7"));
        assert!(!who.login.unwrap().contains('\u{1b}'));
        assert!(!who.user.is_empty() && !who.host.is_empty());
    }
}
