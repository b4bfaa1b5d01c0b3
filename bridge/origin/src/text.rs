//! The texts of a stream, as the packager writes them: the one place that names its functions.

use bridge_packager::dash::mpd::Presentation;
use bridge_packager::dash::{Edge, Listed};
use bridge_packager::playlist::media::Media;
use bridge_packager::playlist::multivariant as writer;
use bridge_packager::playlist::skip::Skip;
use bridge_packager::rendition::RenditionOutline;

use crate::config::Dash;
use crate::path::View;

/// A media playlist.
pub(crate) fn media(media: &Media, view: View, skip: Skip) -> String {
    match view {
        View::Live => media.live(skip),
        View::Dvr => media.dvr(skip),
    }
}

/// The multivariant playlist of renditions, each with what it lists.
pub(crate) fn multivariant(renditions: &[Listed], view: View) -> String {
    let infos: Vec<RenditionOutline> = renditions.iter().map(|(info, _)| info.clone()).collect();
    let view = match view {
        View::Live => writer::View::Live,
        View::Dvr => writer::View::Dvr,
    };
    writer::multivariant(&infos, view)
}

/// The MPD. `None`: nothing is whole yet.
pub(crate) fn mpd(renditions: &[Listed], view: View, dash: &Dash) -> Option<String> {
    let presentation = Presentation {
        renditions,
        base_uri: &dash.base_uri,
        clock_uri: &dash.clock_uri,
        edge: match view {
            View::Live => Edge::OpenSegments,
            View::Dvr => Edge::WholeSegments,
        },
    };
    presentation.mpd()
}
