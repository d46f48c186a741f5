//! `[audit]`: the file of the records, and who gets them too.

use super::keys;
use super::settings::{AuditSettings, SyslogTarget};
use super::url::server_address;
use crate::system::FilePath;
use crate::toml_tree::{ConfigError, Node, Table};

/// The port of a receiver that names none (RFC 5426, and what rsyslog listens on).
const SYSLOG_PORT: &str = "514";

pub(super) fn read(table: Option<&Table<'_>>) -> Result<Option<AuditSettings>, ConfigError> {
    let Some(table) = table else { return Ok(None) };
    table.only(keys::of("audit"))?;
    let syslog = table.get("syslog");
    match (table.file("file")?, syslog) {
        (Some(file), syslog) => Ok(Some(AuditSettings { file, syslog: syslog.map(|node| target(&node)).transpose()? })),
        (None, Some(node)) => Err(node
            .refuse("a receiver may take a record and not keep it, so it is only allowed beside a file")
            .hint("add `file`, such as file = \"/var/log/otpctl/audit.jsonl\"")),
        (None, None) => Err(table.refuse("`file` is missing").hint("such as file = \"/var/log/otpctl/audit.jsonl\"")),
    }
}

fn target(node: &Node<'_>) -> Result<SyslogTarget, ConfigError> {
    let expected = "expected a socket such as \"/dev/log\", or udp://HOST:514 or tcp://HOST:601";
    let text = node.text()?;
    if text.starts_with('/') {
        return FilePath::absolute(text).map(SyslogTarget::Unix).ok_or_else(|| node.refuse(expected));
    }
    let (scheme, address) = text.split_once("://").ok_or_else(|| node.refuse(expected))?;
    let address = || match server_address(address, SYSLOG_PORT) {
        Ok(Some(address)) => Ok(address),
        Ok(None) => Err(node.refuse(expected)),
        Err(why) => Err(node.refuse(why)),
    };
    match scheme {
        "udp" => Ok(SyslogTarget::Udp(address()?)),
        "tcp" => Ok(SyslogTarget::Tcp(address()?)),
        _ => Err(node.refuse(expected)),
    }
}
