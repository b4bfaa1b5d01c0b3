//! The files of segments that have left the memory: the DVR window.

use std::io;
use std::path::Path;
use std::sync::Arc;

use bridge_origin::event::{Event, SegmentKey};
use bytes::Bytes;
use tokio::fs;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::mpsc;
use tracing::warn;

use crate::folder::Folder;
use crate::stream::Stream;

/// Writes and deletions that wait for the disk of one stream. The origin has fewer writes under way than this at any time
/// (its own `DISK_WRITES_MAX`); a deletion that finds no room leaves its file until the stream is gone.
const ORDERS_MAX: usize = 256;

/// The way to the task that writes and deletes.
#[derive(Debug)]
pub(crate) struct Disk(mpsc::Sender<Order>);

#[derive(Debug)]
enum Order {
    Write(SegmentKey, Arc<[Bytes]>),
    Delete(SegmentKey),
}

impl Disk {
    pub(crate) fn start(folder: Arc<Folder>, stream: Arc<Stream>) -> Self {
        let (orders, inbox) = mpsc::channel(ORDERS_MAX);
        tokio::spawn(work(inbox, folder, stream));
        Self(orders)
    }

    /// Does what the origin asks for. What there is no room for has failed.
    pub(crate) fn take(&self, events: Vec<Event>, stream: &Stream) {
        let mut events: std::collections::VecDeque<Event> = events.into();
        while let Some(event) = events.pop_front() {
            let refused = match event {
                Event::ToDisk { key, parts } => self
                    .0
                    .try_send(Order::Write(key.clone(), parts))
                    .is_err()
                    .then_some(key),
                Event::Delete { key } => {
                    let _ = self.0.try_send(Order::Delete(key));
                    None
                }
                Event::DiskFails => {
                    warn!("the disk takes no segments: the DVR window gets shorter");
                    None
                }
                Event::DiskWorks => {
                    tracing::info!("the disk takes segments again");
                    None
                }
            };
            if let Some(key) = refused {
                events.extend(stream.stored(&key, false));
            }
        }
    }
}

async fn work(mut orders: mpsc::Receiver<Order>, folder: Arc<Folder>, stream: Arc<Stream>) {
    while let Some(order) = orders.recv().await {
        match order {
            Order::Write(key, parts) => {
                let written = write(&folder.file(&key), &parts).await;
                if let Err(error) = &written {
                    warn!(rendition = %key.rendition, segment = key.segment.0, %error, "a segment cannot be written");
                }
                for event in stream.stored(&key, written.is_ok()) {
                    if let Event::Delete { key } = event {
                        remove(&folder.file(&key)).await;
                    }
                }
            }
            Order::Delete(key) => remove(&folder.file(&key)).await,
        }
    }
}

/// All of it, or nothing.
async fn write(path: &Path, parts: &[Bytes]) -> io::Result<()> {
    let written = async {
        let mut file = fs::File::create(path).await?;
        for part in parts {
            file.write_all(part).await?;
        }
        file.flush().await
    };
    let written = written.await;
    if written.is_err() {
        remove(path).await;
    }
    written
}

async fn remove(path: &Path) {
    match fs::remove_file(path).await {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            warn!(path = %path.display(), %error, "a segment cannot be removed");
        }
        _ => {}
    }
}
