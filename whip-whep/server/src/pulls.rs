//! Tasks that wait until an event stream has something for its listener.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The tasks, by the number of their pull.
#[derive(Debug, Default)]
pub(crate) struct Pulls {
    tasks: Mutex<HashMap<u64, Arc<Notify>>>,
    /// A task took what there was.
    pub(crate) taken: Notify,
}

impl Pulls {
    /// The core has something for this pull.
    pub(crate) fn wake(&self, number: u64) {
        if let Some(task) = self.tasks().get(&number) {
            task.notify_one();
        }
    }

    /// A task for this pull begins to wait.
    pub(crate) fn enter(&self, number: u64) -> Arc<Notify> {
        let waker = Arc::new(Notify::new());
        self.tasks().insert(number, Arc::clone(&waker));
        waker
    }

    /// It has ended.
    pub(crate) fn leave(&self, number: u64) {
        self.tasks().remove(&number);
    }

    /// A panic while it was locked left it whole: every change is one call.
    fn tasks(&self) -> MutexGuard<'_, HashMap<u64, Arc<Notify>>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
