//! The pepper of an embedded store: made at its first use, beside the database, for its owner alone.

use std::fs::DirBuilder;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use data_encoding::{BASE32_NOPAD, BASE64};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::config;
use crate::error::{Error, Exit};
use crate::otp::{Hint, Pepper, Randomness, RandomnessFailed, Secret};
use crate::system::{create_private, shown};

/// Reads the pepper, or makes it. Of many processes that come first at once, one makes it and all read the same: the
/// file appears under its name only when it is whole.
pub(super) fn open(path: &Path, randomness: &dyn Randomness) -> Result<Pepper, Error> {
    if !path.exists() {
        make(path, randomness)?;
    }
    let key = config::read_private(path)?;
    let text = key.expose().trim();
    if text.is_empty() {
        return Err(Error::said(Exit::Config, format!("{} is empty", shown(path)))
            .hint("restore the pepper, or remove the file: a new one is created, and codes of the old one are no longer accepted"));
    }
    // Another key in the file has another name, so that a code made with the old one is not taken for a wrong code.
    let hash = Sha256::new_with_prefix("otpctl-pepper-id/1").chain_update(text.as_bytes()).finalize();
    let id = format!("own-{}", BASE32_NOPAD.encode(&hash[..5]).to_ascii_lowercase());
    Ok(Pepper { id, key: Secret::new(text.to_owned()) })
}

fn make(path: &Path, randomness: &dyn Randomness) -> Result<(), Error> {
    let failed = |error: std::io::Error| match error.kind() {
        // It lies with the store, which is not ready for anything that needs it either.
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => {
            let why = format!("the store is not ready: {} is read-only: {error}", shown(path));
            Error::said(Exit::StoreNotReady, why).hint(Hint::run(&["doctor"]))
        }
        _ => Error::new(Exit::Config, anyhow::Error::new(error).context(shown(path))),
    };
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    }
    let mut salt = [0_u8; 5];
    randomness.fill(&mut salt)?;
    let draft = path.with_extension(BASE32_NOPAD.encode(&salt).to_ascii_lowercase());
    let secret = fresh(randomness)?;
    let write = || {
        let mut file = create_private(&draft)?;
        file.write_all(secret.expose().as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        // Unlike a rename, a link never replaces what another process put there first.
        match std::fs::hard_link(&draft, path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    };
    let made = write();
    // A draft that stays behind does no harm.
    let _ = std::fs::remove_file(&draft);
    made.map_err(failed)
}

/// A secret that was made here.
fn fresh(randomness: &dyn Randomness) -> Result<Secret, RandomnessFailed> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    randomness.fill(&mut *bytes)?;
    Ok(Secret::new(BASE64.encode(&*bytes)))
}
