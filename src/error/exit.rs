//! How a command ends: the one table of exit codes.

macro_rules! exits {
    ($($name:ident = $number:literal, $word:literal, $meaning:literal, $repeat:literal;)*) => {
        /// How a command ends. Scripts branch on the numbers, so none is ever given another meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Exit {
            $(#[doc = $meaning] $name = $number,)*
        }

        /// Every exit code: number, name, meaning, and whether to repeat the command as it is.
        pub const EXITS: &[(Exit, &str, &str, &str)] = &[$((Exit::$name, $word, $meaning, $repeat),)*];
    };
}

exits! {
    Ok = 0, "OK", "done, yes, reached", "";
    Internal = 1, "INTERNAL", "a bug, or the result could not be written", "report it";
    Usage = 2, "USAGE", "flags, malformed phone, code or id; the store is not touched", "no";
    WrongCode = 10, "WRONG_CODE", "attempts remain", "with another code";
    NoCode = 11, "NO_CODE", "never issued, expired, used, superseded, revoked (`reason` says which)", "after `send`";
    Locked = 12, "LOCKED", "attempts used up, timed or hard lock", "later, or `unlock`";
    RateLimited = 13, "RATE_LIMITED", "quota or cooldown; `retry_after_seconds`", "after that";
    NotFound = 14, "NOT_FOUND", "user, mapping, challenge", "no";
    Conflict = 15, "CONFLICT", "ambiguous user, already mapped, key reused with other arguments", "no";
    Policy = 16, "POLICY", "country, number type, block, close numbers, brake, cap", "no";
    Undelivered = 17, "UNDELIVERED", "the provider's final answer", "after the cause is fixed";
    WaitTimeout = 18, "WAIT_TIMEOUT", "not reached in time", "yes";
    Partial = 19, "PARTIAL", "many were asked for, some failed", "the failed ones";
    StoreUnreachable = 20, "STORE_UNREACHABLE", "not executed", "yes";
    StoreDenied = 21, "STORE_DENIED", "authentication or ACL", "no";
    StoreNotReady = 22, "STORE_NOT_READY", "LOADING, READONLY, OOM, CLUSTERDOWN, unsafe eviction; not executed", "later";
    StoreUnknown = 23, "STORE_UNKNOWN", "may have executed; the id to repeat with is printed", "with that id";
    StoreData = 24, "STORE_DATA", "a record that is not understood; not counted as a wrong code", "no";
    ProviderRefused = 25, "PROVIDER_REFUSED", "not sent; the code was canceled", "no";
    ProviderDown = 26, "PROVIDER_DOWN", "not sent", "yes";
    ProviderUnknown = 27, "PROVIDER_UNKNOWN", "may have been sent; the code is valid", "look with `inspect` first";
    AuditFailed = 28, "AUDIT_FAILED", "nothing done; or `audit verify`: the records do not hold", "after the cause is fixed";
    Config = 30, "CONFIG", "missing, invalid, unsafe permissions", "no";
    Role = 31, "ROLE", "not allowed for this operator", "no";
    Confirm = 32, "CONFIRM", "confirmation needed or declined", "with `--yes`";
    Interrupted = 130, "SIGINT", "interrupted from the keyboard", "";
    Terminated = 143, "SIGTERM", "terminated", "";
}

impl Exit {
    /// The number that the process ends with.
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The name in error documents.
    #[must_use]
    pub fn name(self) -> &'static str {
        EXITS.iter().find(|(exit, ..)| *exit == self).map_or("INTERNAL", |(_, name, ..)| name)
    }
}
