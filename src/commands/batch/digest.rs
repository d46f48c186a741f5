//! What stands for the content of a line in a checkpoint: a keyed digest, from which nobody guesses a phone number or a code.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::otp::Peppers;

/// What the keys are for.
const LABEL: &str = "otpctl-checkpoint/1";

/// Makes the digests of one checkpoint.
#[derive(Clone)]
pub(super) struct Digest {
    key: Zeroizing<[u8; 32]>,
    id: String,
}

impl Digest {
    /// For a checkpoint of this id, with the key of a pepper; `None`: there is no such pepper any more.
    pub(super) fn of_pepper(peppers: &Peppers, pepper: &str, id: &str) -> Option<Self> {
        let (_, key) = peppers.keys_for(LABEL).find(|(own, _)| *own == pepper)?;
        Some(Self { key: Zeroizing::new(key), id: id.to_owned() })
    }

    /// The name of the pepper for new checkpoints.
    pub(super) fn newest(peppers: &Peppers) -> Option<String> {
        peppers.keys_for(LABEL).next().map(|(id, _)| id.to_owned())
    }

    /// That of a text.
    pub(super) fn of(&self, text: &str) -> u64 {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&*self.key) else {
            unreachable!("HMAC takes keys of every length")
        };
        mac.update(self.id.as_bytes());
        mac.update(b"\0");
        mac.update(text.as_bytes());
        let bytes = mac.finalize().into_bytes();
        bytes.iter().take(8).fold(0, |digest, byte| digest << 8 | u64::from(*byte))
    }
}
