//! The files of segments that have left the memory: the DVR window.

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::sync::Arc;

use bridge_origin::event::SegmentKey;
use bytes::Bytes;
use tokio::fs;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::mpsc;
use tracing::debug;

use crate::order::Order;
use crate::stream::Stream;

/// Writes and deletions that wait for the disk of one stream. The origin has fewer writes under way than this at any time
/// (its own `DISK_WRITES_MAX`); a deletion that finds no room is counted, and leaves its file until the stream is gone.
const ORDERS_MAX: usize = 256;

/// The way to the task that writes and deletes.
#[derive(Debug)]
pub(crate) struct Disk(mpsc::Sender<Order>);

impl Disk {
    pub(crate) fn start(stream: Arc<Stream>) -> Self {
        let (orders, inbox) = mpsc::channel(ORDERS_MAX);
        tokio::spawn(work(inbox, stream));
        Self(orders)
    }

    /// Has these done. What there is no room for has failed.
    pub(crate) fn take(&self, orders: Vec<Order>, stream: &Stream) {
        let mut orders = VecDeque::from(orders);
        while let Some(order) = orders.pop_front() {
            match self.0.try_send(order).map_err(|error| error.into_inner()) {
                Ok(()) => {}
                Err(Order::Write(key, _)) => {
                    let error = io::Error::other("too much waits for the disk");
                    orders.extend(stream.stored(&key, Err(error)));
                }
                Err(Order::Delete(_)) => stream.on_file_left(),
            }
        }
    }
}

#[cfg(test)]
impl Disk {
    /// Does all of this, and no more.
    pub(crate) async fn do_all(orders: Vec<Order>, stream: &Arc<Stream>) {
        let (way, inbox) = mpsc::channel(ORDERS_MAX);
        Self(way).take(orders, stream);
        work(inbox, Arc::clone(stream)).await;
    }
}

async fn work(mut inbox: mpsc::Receiver<Order>, stream: Arc<Stream>) {
    while let Some(order) = inbox.recv().await {
        // What a write leads to is done before the next.
        let mut orders = VecDeque::from([order]);
        while let Some(order) = orders.pop_front() {
            match order {
                Order::Write(key, parts) => {
                    let written = write(&stream, &key, &parts).await;
                    orders.extend(stream.stored(&key, written));
                }
                Order::Delete(key) => remove(&stream, &key).await,
            }
        }
    }
}

/// All of it, or nothing. A disk that fails does so with each segment: what a person should see of it, the stream says.
async fn write(stream: &Stream, key: &SegmentKey, parts: &[Bytes]) -> io::Result<()> {
    let written = async {
        let mut file = stream.folder().create(key).await?;
        for part in parts {
            file.write_all(part).await?;
        }
        file.flush().await
    };
    let written = written.await;
    if let Err(error) = &written {
        debug!(rendition = %key.rendition, segment = key.segment.0, %error, "a segment cannot be written");
        remove(stream, key).await;
    }
    written
}

async fn remove(stream: &Stream, key: &SegmentKey) {
    let path = stream.folder().file(key);
    if let Err(error) = fs::remove_file(&path).await
        && !is_missing(&path).await
    {
        debug!(path = %path.display(), %error, "a segment cannot be removed");
        stream.on_file_left();
    }
}

/// No file is there, be it because no folder is.
async fn is_missing(path: &Path) -> bool {
    fs::symlink_metadata(path).await.is_err()
}

#[cfg(test)]
mod tests;
