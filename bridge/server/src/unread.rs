//! A file of a segment that cannot be read, whoever asked for it.

use std::io;

use bridge_origin::event::SegmentKey;
use tracing::{debug, error, warn};

use crate::stream::Stream;

/// What it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unread {
    /// It is not there or too short (which [`crate::body::file`] says in this way), and what begins with it is listed no more.
    Lost,
    /// All else (no descriptor is free, the device hesitates) says nothing of the file: it may be there for who comes again.
    ForNow,
}

/// Says so where people look, and to the stream.
pub(crate) fn report(stream: &Stream, key: &SegmentKey, error: io::Error) -> Unread {
    let (rendition, segment) = (&key.rendition, key.segment.0);
    if let io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof = error.kind() {
        error!(%rendition, segment, %error, "a segment is lost");
        stream.lost(key, error);
        return Unread::Lost;
    }
    // Where no descriptor is free, each request fails.
    if stream.on_failed_read() {
        warn!(%rendition, segment, %error, "a segment cannot be read: the first such failure of this stream");
    } else {
        debug!(%rendition, segment, %error, "a segment cannot be read");
    }
    Unread::ForNow
}
