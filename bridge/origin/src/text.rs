//! The texts of a stream, as the packager writes them: the one place that names its functions.

use std::sync::Arc;

use bridge_packager::playlist::media::Media;
use bridge_packager::playlist::text;
use bridge_packager::rendition::RenditionOutline;

use crate::directives::Skip;
use crate::path::View;

/// A media playlist. Only the live one is long enough in parts, and asked for often enough, to have delta updates.
pub(crate) fn media(media: &Media, view: View, skip: Option<Skip>) -> String {
    match view {
        View::Live => media.write_live(skip.map(|skip| match skip {
            Skip::Yes => text::Skip::Yes,
            Skip::V2 => text::Skip::V2,
        })),
        View::Dvr => media.write_dvr(),
    }
}

/// The multivariant playlist of these renditions.
pub(crate) fn multivariant(renditions: &[RenditionOutline], view: View) -> String {
    let view = match view {
        View::Live => text::View::Live,
        View::Dvr => text::View::Dvr,
    };
    text::multivariant(renditions, view)
}

/// The MPD of these renditions, each with what it lists.
pub(crate) fn mpd(renditions: &[RenditionOutline], medias: &[Arc<Media>]) -> String {
    text::mpd(renditions, medias)
}
