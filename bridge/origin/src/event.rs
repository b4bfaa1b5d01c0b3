//! What an origin asks of its server beside answers: to keep segments on disk.

use std::sync::Arc;

use bridge_packager::rendition::RenditionName;
use bridge_packager::segment::MediaSequenceNumber;
use bytes::Bytes;

/// A segment: of what its server makes the name of a file, together with the stream's epoch.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SegmentKey {
    /// Of which rendition. Its name is ours: lower-case letters and digits.
    pub rendition: RenditionName,
    /// Its number.
    pub segment: MediaSequenceNumber,
}

/// What is to be done or known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Write this segment: its parts, one after the other. The answer is `handle_stored` or `handle_disk_error`.
    ToDisk {
        /// Which.
        key: SegmentKey,
        /// Its bytes.
        parts: Arc<[Bytes]>,
    },
    /// Delete this segment: nothing lists it, and who was told of it has had its time to fetch it.
    Delete {
        /// Which.
        key: SegmentKey,
    },
    /// A segment is not on disk and will not be: what is live goes on, and the DVR window begins after what is lost. Said once, when
    /// it begins.
    DiskFails,
    /// A segment is on disk again: the window grows again.
    DiskWorks,
}
