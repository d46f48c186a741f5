//! Hashes of codes that an application keeps. What may be slow runs on a thread of its own: meanwhile signals and the time
//! of the command are heeded, and no answer of the store waits to be read.

use super::loading::LoadedPhone;
use super::{IssueRequest, OperationError, Operations};
use crate::layout::{Comparison, HashFailed, PhoneOperation};

impl Operations<'_> {
    /// Compares what was typed with the application's code, before the rule, which is to be neither slow nor anywhere but
    /// in `otp`. What was compared in an earlier round is not computed again while the same is kept.
    pub(super) async fn compare(
        &self,
        view: &mut LoadedPhone<'_>,
        operation: PhoneOperation<'_>,
        earlier: &mut Option<(Comparison, bool)>,
    ) -> Result<(), OperationError> {
        let PhoneOperation::Verify { purpose, code } = operation else { return Ok(()) };
        let Some((id, comparison)) = view.merged.comparison(purpose, code) else { return Ok(()) };
        let known = earlier.as_ref().filter(|(same, _)| *same == comparison).map(|(_, right)| *right);
        let right = if let Some(right) = known {
            right
        } else {
            let own = comparison.clone();
            let right = apart(comparison.is_slow(), move || own.run()).await?;
            *earlier = Some((comparison, right));
            right
        };
        if right {
            view.merged.lend(&id, purpose, code);
            view.known = view.merged.state().clone();
        }
        Ok(())
    }

    /// What the application is to keep of a code; nothing where it keeps none.
    pub(super) async fn stored_code(
        &self,
        issue: &IssueRequest<'_>,
    ) -> Result<zeroize::Zeroizing<String>, OperationError> {
        let hashing = self.layout.hashing(issue.phone, issue.code).filter(|_| !issue.elsewhere);
        let Some(hashing) = hashing else { return Ok(String::new().into()) };
        let mut salt = [0_u8; 16];
        self.randomness.fill(&mut salt)?;
        Ok(apart(hashing.is_slow(), move || hashing.run(salt)).await??)
    }
}

async fn apart<T: Send + 'static>(slow: bool, work: impl FnOnce() -> T + Send + 'static) -> Result<T, HashFailed> {
    if !slow {
        return Ok(work());
    }
    tracing::debug!("a slow hash");
    // It fails only where the runtime ends first.
    tokio::task::spawn_blocking(work).await.map_err(|_| HashFailed)
}
