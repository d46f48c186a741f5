//! What `doctor` asks of the store.

use std::time::Duration;

use tokio::time::Instant;

use super::{App, clock};
use crate::config::StoreSettings;
use crate::error::Error;
use crate::operations::{HealthCheck, examine};

/// A store that is not ready is not waited for longer: that it is not is what is to be told.
const PATIENCE: Duration = Duration::from_secs(2);

impl App {
    /// What is to be thought of the store. One that may evict values is looked at too, where commands would refuse it.
    ///
    /// # Errors
    /// When its settings are wrong. What is wrong with the store itself is told.
    pub async fn examined_store(&self) -> Result<Vec<HealthCheck>, Error> {
        let settings = self.settings()?;
        let StoreSettings::Redis(redis) = &settings.store else {
            return Ok(examine(self.store().await?, &*clock(), false).await);
        };
        let end = Instant::now() + PATIENCE.min(self.globals.timeout / 4);
        let store = self.redis(redis, Some(end)).await?;
        let must_keep = settings.protected && !redis.accept_eviction_risk;
        Ok(examine(&store, &*clock(), must_keep).await)
    }
}
