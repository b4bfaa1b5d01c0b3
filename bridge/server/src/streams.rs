//! The streams of a node that can be asked for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use bridge_origin::stats::Stats;
use sfu_model::id::RoomId;

use crate::counts::Counts;
use crate::disk_counts::DiskCounts;
use crate::stream::Stream;

/// All of them, by name, and what those counted that are gone.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    by_name: RwLock<HashMap<RoomId, Arc<Stream>>>,
    retired: Mutex<Counted>,
}

/// What was counted by the origins, by the stages before them, and by the disks behind them.
pub(crate) type Counted = (Stats, Counts, DiskCounts);

impl Streams {
    /// The stream of that name.
    pub(crate) fn get(&self, name: &str) -> Option<Arc<Stream>> {
        let room = RoomId::parse(name).ok()?;
        self.by_name().get(&room).map(Arc::clone)
    }

    /// Puts a stream in place of one that has ended.
    pub(crate) fn insert(&self, room: &RoomId, stream: &Arc<Stream>) {
        let mut streams = self.by_name.write().unwrap_or_else(PoisonError::into_inner);
        let former = streams.insert(room.clone(), Arc::clone(stream));
        drop(streams);
        self.retire(former);
    }

    /// A stream is gone, unless another has its name since.
    pub(crate) fn remove(&self, room: &RoomId, stream: &Arc<Stream>) {
        let mut streams = self.by_name.write().unwrap_or_else(PoisonError::into_inner);
        let is_it = streams.get(room).is_some_and(|s| Arc::ptr_eq(s, stream));
        let former = if is_it { streams.remove(room) } else { None };
        drop(streams);
        self.retire(former);
    }

    /// What all streams counted, those that are gone included, and how many there are.
    pub(crate) fn stats(&self) -> (Counted, usize) {
        let streams: Vec<Arc<Stream>> = self.by_name().values().map(Arc::clone).collect();
        let mut sum = self.retired().clone();
        for stream in &streams {
            sum.0.add(&stream.stats());
            sum.1.add(&stream.counts());
            sum.2.add(&stream.disk_counts());
        }
        (sum, streams.len())
    }

    fn retire(&self, former: Option<Arc<Stream>>) {
        if let Some(former) = former {
            let gone = Stats {
                n_blocked: 0,
                memory_bytes: 0,
                ..former.stats()
            };
            let mut retired = self.retired();
            retired.0.add(&gone);
            retired.1.add(&former.counts());
            retired.2.add(&former.disk_counts());
        }
    }

    /// A panic under a lock leaves a whole table: it changes in one move.
    fn by_name(&self) -> RwLockReadGuard<'_, HashMap<RoomId, Arc<Stream>>> {
        self.by_name.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn retired(&self) -> MutexGuard<'_, Counted> {
        self.retired.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
