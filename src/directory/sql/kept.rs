//! The one connection to a database, kept from question to question within a time limit.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::directory::error::DirectoryError;

pub(super) struct Kept<C> {
    connection: Mutex<Option<C>>,
    limit: Duration,
}

impl<C> Kept<C> {
    pub(super) fn new(limit: Duration) -> Self {
        Self { connection: Mutex::new(None), limit }
    }

    /// How long all that is asked at once may take.
    pub(super) const fn limit(&self) -> Duration {
        self.limit
    }

    /// Works on the connection, which `connect` makes where the one before is gone. One that failed or ran out of time is
    /// dropped.
    pub(super) async fn run<T, E>(
        &self,
        connect: impl AsyncFnOnce(Option<C>) -> Result<C, E>,
        work: impl AsyncFnOnce(&mut C) -> Result<T, E>,
        classify: fn(&E) -> DirectoryError,
    ) -> Result<T, DirectoryError> {
        let mut kept = self.connection.lock().await;
        let run = async {
            let mut connection = connect(kept.take()).await?;
            let done = work(&mut connection).await?;
            Ok::<_, E>((connection, done))
        };
        match timeout(self.limit, run).await {
            Ok(Ok((connection, done))) => {
                *kept = Some(connection);
                Ok(done)
            }
            Ok(Err(error)) => Err(classify(&error)),
            Err(_) => Err(DirectoryError::Unreachable("it did not answer in time".to_owned())),
        }
    }
}
