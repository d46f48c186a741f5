//! Whose codes they are: the layout of the file, with its secret, and what the store is to know of it.

use std::sync::Arc;

use super::App;
use crate::config::StoreSettings;
use crate::error::{Error, Exit};
use crate::layout::{Access, BoundLayout, Layout, LayoutContext, Native, Operation};
use crate::operations::OperationError;
use crate::otp::{Code, Peppers, Phone};
use crate::store::{AppKeys, NumberTags, PhoneTags};

impl App {
    /// The layout of the store.
    ///
    /// # Errors
    /// When the file is wrong.
    pub fn layout(&self) -> Result<&dyn Layout, Error> {
        Ok(match &self.settings()?.store {
            StoreSettings::Redis(redis) => redis.layout.as_ref().map_or(&Native, |own| own.layout.as_ref()),
            StoreSettings::Embedded { .. } => &Native,
        })
    }

    /// The same, with the secrets that it needs.
    pub(super) async fn bound_layout(&self) -> Result<Box<dyn BoundLayout + '_>, Error> {
        let layout = self.layout()?;
        let context = if layout.needs_context() {
            let settings = self.settings()?;
            let secret = match &settings.store {
                StoreSettings::Redis(redis) => redis.layout.as_ref().and_then(|own| own.secret.as_ref()),
                StoreSettings::Embedded { .. } => None,
            };
            let secret = match secret {
                Some(source) => Some(
                    self.app_secret
                        .get_or_try_init(async || source.resolve(&self.fetch()).await.map_err(Error::from))
                        .await?,
                ),
                None => None,
            };
            let (max_attempts, ours) = (settings.code.max_attempts, &settings.code.spec);
            Some(LayoutContext { peppers: self.peppers().await?, secret, max_attempts, ours })
        } else {
            None
        };
        layout.bind(context).map_err(|error| Error::new(Exit::Internal, error))
    }

    /// The keys of codes that are to be made or checked. Where the layout allows neither, none is asked for.
    ///
    /// # Errors
    /// As [`Self::peppers`], and where the layout does not allow it.
    pub async fn peppers_for(&self, operation: Operation) -> Result<&Peppers, Error> {
        let layout = self.layout()?;
        if !layout.needs_context() {
            layout.allows(operation).map_err(OperationError::from)?;
        }
        self.peppers().await
    }

    /// Reads a typed code: one as they are made here, or as the application makes them. Where none is checked, none is read.
    ///
    /// # Errors
    /// When it cannot be a code, and where the layout lets none be checked.
    pub fn typed_code(&self, typed: &str) -> Result<Code, Error> {
        let layout = self.layout()?;
        layout.allows(Operation::Verify).map_err(OperationError::from)?;
        layout.shapes(&self.settings()?.code.spec).read(typed).map_err(|error| Error::new(Exit::Usage, error))
    }
}

/// Our keys of a phone are in the slot of its application's.
#[derive(Debug)]
struct LayoutTags(Arc<dyn Layout>);

impl PhoneTags for LayoutTags {
    fn tag(&self, phone: &Phone) -> String {
        self.0.tag(phone)
    }

    fn phone_of(&self, tag: &str) -> Option<String> {
        self.0.phone_of_tag(tag)
    }

    fn pattern(&self) -> &'static str {
        self.0.tag_pattern()
    }
}

/// What a Redis is to know of a layout.
#[must_use]
pub fn for_redis(layout: Option<&Arc<dyn Layout>>) -> (Arc<dyn PhoneTags>, Option<AppKeys>) {
    let Some(layout) = layout else { return (Arc::new(NumberTags), None) };
    let Access { patterns, writes, probe_keys, probe_tag } = layout.access();
    let app = AppKeys { patterns, writes, probe_keys, probe_tag };
    (Arc::new(LayoutTags(Arc::clone(layout))), Some(app))
}
