//! What is recorded of something that a command does: what it is about, and how it ended.

use crate::error::Exit;
use crate::otp::Phone;
use crate::output::AnyReport;

/// What is to be done.
#[derive(Debug, Clone, Default)]
pub struct Act<'a> {
    pub(super) phone: Option<&'a Phone>,
    pub(super) challenge: Option<&'a str>,
    pub(super) detail: Option<String>,
}

impl<'a> Act<'a> {
    /// Something about one phone.
    #[must_use]
    pub fn on(phone: &'a Phone) -> Self {
        Self { phone: Some(phone), ..Self::default() }
    }

    /// Something about many phones or keys, recorded once for all of them: its outcome says how many.
    #[must_use]
    pub fn on_many() -> Self {
        Self::default()
    }

    /// About one code of the phone.
    #[must_use]
    pub fn challenge(self, challenge: Option<&'a str>) -> Self {
        Self { challenge, ..self }
    }

    /// What else matters: a user, an option that widens what is done.
    #[must_use]
    pub fn detail(self, detail: impl Into<Option<String>>) -> Self {
        Self { detail: detail.into(), ..self }
    }
}

/// How something ended that was recorded.
pub trait Ended {
    /// As the exit code says it.
    fn exit(&self) -> Exit;

    /// The code that it was about.
    fn challenge(&self) -> Option<&str> {
        None
    }

    /// How many codes, keys or reports.
    fn count(&self) -> Option<u64> {
        None
    }
}

impl Ended for Box<dyn AnyReport> {
    fn exit(&self) -> Exit {
        self.as_ref().exit()
    }

    fn challenge(&self) -> Option<&str> {
        self.as_ref().ids().challenge
    }
}

impl Ended for Exit {
    fn exit(&self) -> Exit {
        *self
    }
}

/// How something ended that concerned many.
pub struct Done {
    pub exit: Exit,
    /// How many.
    pub count: usize,
}

impl Ended for Done {
    fn exit(&self) -> Exit {
        self.exit
    }

    fn count(&self) -> Option<u64> {
        u64::try_from(self.count).ok()
    }
}

/// The ids of codes.
impl Ended for Vec<String> {
    fn exit(&self) -> Exit {
        Exit::Ok
    }

    fn challenge(&self) -> Option<&str> {
        if let [only] = self.as_slice() { Some(only) } else { None }
    }

    fn count(&self) -> Option<u64> {
        u64::try_from(self.len()).ok()
    }
}

/// Something with what it is to be told by.
impl<T, E: Ended> Ended for (T, E) {
    fn exit(&self) -> Exit {
        self.1.exit()
    }

    fn challenge(&self) -> Option<&str> {
        self.1.challenge()
    }

    fn count(&self) -> Option<u64> {
        self.1.count()
    }
}
