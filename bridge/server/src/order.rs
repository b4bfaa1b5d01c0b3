//! What is to be done with files.

use std::sync::Arc;

use bridge_origin::event::SegmentKey;
use bytes::Bytes;

#[derive(Debug)]
pub(crate) enum Order {
    /// These parts, one after the other, are this segment's file.
    Write(SegmentKey, Arc<[Bytes]>),
    /// This segment needs none any more.
    Delete(SegmentKey),
}
