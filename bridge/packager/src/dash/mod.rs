//! MPEG-DASH (ISO/IEC 23009-1) as a second view of the segments that HLS lists: the same files, named once more.

pub mod mpd;
mod period;
mod template;
mod xml;

use std::sync::Arc;

use crate::playlist::media::Media;
use crate::rendition::RenditionOutline;

/// A rendition with what it lists.
pub type Listed = (RenditionOutline, Arc<Media>);

/// How near to the camera an MPD leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// To the segment that is being made, where numbers say times: players ask for it as it begins, and take it part by part.
    OpenSegments,
    /// To the last segment that is whole.
    WholeSegments,
}
