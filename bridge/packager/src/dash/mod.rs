//! MPEG-DASH (ISO/IEC 23009-1) as a second view of the segments that HLS lists: the same files, named once more.

pub mod mpd;
mod period;
mod xml;

use std::sync::Arc;

use crate::playlist::media::Media;
use crate::rendition::RenditionOutline;

/// A rendition with what it lists.
pub type Listed = (RenditionOutline, Arc<Media>);
