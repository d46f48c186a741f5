//! The keys that the program may leave in a Redis.

/// Whether a key may stay until somebody removes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MayStay {
    Yes,
    No,
}

/// Every kind of key that there is, by the end of its name; `None`: it is none of them.
pub fn declared(key: &str) -> Option<MayStay> {
    let own = key.strip_prefix("otpctl:{")?;
    if own.starts_with("stats:") {
        return Some(MayStay::No);
    }
    match own.rsplit(':').next()? {
        "users" | "phones" | "policy" | "index" => Some(MayStay::Yes),
        "record" | "timeline" | "links" | "former" | "sends" | "counts" | "request" | "circuit" | "feedback"
        | "events" | "trust" | "seen" | "head" => Some(MayStay::No),
        _ => None,
    }
}
