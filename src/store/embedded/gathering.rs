//! Changes that several parts of this process make at once: whoever commits, commits for all who wait meanwhile, in one
//! transaction, so that the disk is waited for once.

use std::fs::File;
use std::mem::take;
use std::sync::{Arc, PoisonError};

use rusqlite::Connection;
use tokio::sync::oneshot::{Sender, channel};

use super::{Embedded, Inner, alone, committing};
use crate::store::{Change, Committed, StoreError};

type Answer = Result<Vec<Committed>, StoreError>;

/// Changes that wait to be committed.
#[derive(Default)]
pub(super) struct Gathered {
    waiting: Vec<(Vec<Change>, Sender<Answer>)>,
    /// Somebody commits, and looks again before he ends.
    is_served: bool,
}

impl Embedded {
    pub(super) async fn commit_gathered(&self, changes: Vec<Change>) -> Answer {
        let (answer, answered) = channel();
        if self.inner.gather(changes, answer) {
            let inner = Arc::clone(&self.inner);
            tokio::task::spawn_blocking(move || while inner.commit_waiting() {});
        }
        answered.await.unwrap_or_else(|_| Err(StoreError::Unknown("the store's thread ended".to_owned())))
    }
}

impl Inner {
    /// Whether nobody else will commit it.
    fn gather(&self, changes: Vec<Change>, answer: Sender<Answer>) -> bool {
        let mut gathered = self.gathered.lock().unwrap_or_else(PoisonError::into_inner);
        gathered.waiting.push((changes, answer));
        !std::mem::replace(&mut gathered.is_served, true)
    }

    /// Commits what waits; whether there was anything.
    fn commit_waiting(&self) -> bool {
        let (mut changes, mut answers) = (Vec::new(), Vec::new());
        let committed = self.change(|connection, lock, _| {
            // Only now: what came while others had the file is committed with the rest.
            (changes, answers) = self.take_waiting().into_iter().unzip();
            self.commit_at_once(connection, lock, &changes)
        });
        match committed {
            Ok(committed) => {
                // Whoever is gone does not want to know.
                for (answer, committed) in answers.into_iter().zip(committed) {
                    drop(answer.send(committed));
                }
            }
            Err(error) => {
                // Where the file could not even be opened, nobody was taken yet.
                let left = if answers.is_empty() { self.take_waiting() } else { Vec::new() };
                answers.extend(left.into_iter().map(|(_, answer)| answer));
                for answer in answers {
                    drop(answer.send(Err(error.clone())));
                }
            }
        }
        let mut gathered = self.gathered.lock().unwrap_or_else(PoisonError::into_inner);
        gathered.is_served = !gathered.waiting.is_empty();
        gathered.is_served
    }

    fn take_waiting(&self) -> Vec<(Vec<Change>, Sender<Answer>)> {
        take(&mut self.gathered.lock().unwrap_or_else(PoisonError::into_inner).waiting)
    }

    fn commit_at_once(
        &self,
        connection: &mut Connection,
        lock: &File,
        changes: &[Vec<Change>],
    ) -> Result<Vec<Answer>, StoreError> {
        alone(lock, || {
            // The time of a step is after the wait for the others.
            let committed = match changes {
                [only] => {
                    let each = only.iter().map(|change| committing::commit(connection, change, (self.clock)()));
                    Ok(vec![each.collect()])
                }
                many => committing::commit_many(connection, many, &self.clock),
            };
            committing::fold_log(connection);
            committed
        })
    }
}
