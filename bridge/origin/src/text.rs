//! The texts of a stream, as the packager writes them.

use std::sync::Arc;

use bridge_packager::dash::mpd::Presentation;
use bridge_packager::playlist::media::Media;
use bridge_packager::playlist::multivariant::{self, View as Listing};
use bridge_packager::playlist::skip::Skip;
use bridge_packager::rendition::RenditionOutline;

use crate::path::View;

/// A media playlist.
pub(crate) fn media(media: &Media, view: View, skip: Skip) -> String {
    match view {
        View::Live => media.live(skip),
        View::Dvr => media.dvr(skip),
    }
}

/// The multivariant playlist of these renditions.
pub(crate) fn multivariant(renditions: &[RenditionOutline], view: View) -> String {
    let view = match view {
        View::Live => Listing::Live,
        View::Dvr => Listing::Dvr,
    };
    multivariant::multivariant(renditions, view)
}

/// The MPD of these renditions, each with what it lists; it names the files that HLS has. `None`: no segment is finished.
pub(crate) fn mpd(
    listed: &[(RenditionOutline, Arc<Media>)],
    base_uri: &str,
    clock_uri: &str,
) -> Option<String> {
    let presentation = Presentation {
        renditions: listed,
        base_uri,
        clock_uri,
    };
    presentation.mpd()
}
