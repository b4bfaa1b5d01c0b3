//! A playlist without its beginning: what was lost must not be listed.

use std::sync::Arc;

use bridge_packager::playlist::media::Media;

/// The playlist without the segments up to this one. Removed from the front, as the draft wants it, they count in the
/// media sequence and in the discontinuity sequence (draft-pantos-hls-rfc8216bis section 6.2.2).
pub(crate) fn without_through(media: Arc<Media>, lost_through: Option<u64>) -> Arc<Media> {
    let is_lost = |number: u64| lost_through.is_some_and(|lost| number <= lost);
    let segments = media.segments.iter();
    let n_lost = segments.take_while(|s| is_lost(s.head.number.0)).count();
    if n_lost == 0 {
        return media;
    }
    let lost = media.segments.iter().take(n_lost);
    let n_discontinuities = lost.filter(|s| s.head.is_discontinuous).count() as u64;
    Arc::new(Media {
        segments: media.segments.iter().skip(n_lost).cloned().collect(),
        live_from: media.live_from.saturating_sub(n_lost),
        discontinuities_removed: (media.discontinuities_removed).saturating_add(n_discontinuities),
        ..Media::clone(&media)
    })
}
