//! Our own layout: codes are in our records alone, and there is nothing to merge.

use super::{BoundLayout, Layout, LayoutContext, MergeError, Merged, NoContext, Operation, PhoneOperation, Refusal};
use crate::otp::rules::PhoneState;
use crate::otp::{Moment, Phone};

/// Our own layout.
#[derive(Debug, Clone, Copy, Default)]
pub struct Native;

impl Layout for Native {
    fn name(&self) -> &'static str {
        "native"
    }

    fn is_foreign(&self) -> bool {
        false
    }

    fn allows(&self, _operation: Operation) -> Result<(), Refusal> {
        Ok(())
    }

    fn bind<'a>(&'a self, _context: Option<LayoutContext<'a>>) -> Result<Box<dyn BoundLayout + 'a>, NoContext> {
        Ok(Box::new(Self))
    }

    fn needs_context(&self) -> bool {
        false
    }
}

impl BoundLayout for Native {
    fn layout(&self) -> &dyn Layout {
        self
    }

    fn merge<'s>(
        &'s self,
        _phone: &'s Phone,
        state: PhoneState,
        _values: Vec<Option<Vec<u8>>>,
        _now: Moment,
        _operation: PhoneOperation<'_>,
    ) -> Result<Box<dyn Merged + 's>, MergeError> {
        Ok(Box::new(state))
    }
}
