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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bridge_packager::playlist::media::Upcoming;
    use bridge_packager::playlist::server_control::ServerControl;
    use bridge_packager::rendition::RenditionName;
    use bridge_packager::segment::{InitNumber, MediaSequenceNumber, Segment, SegmentHead};
    use sfu_model::time::MediaTime;

    use super::*;

    /// Segments 10 to 19, of which 12 and 15 begin with a discontinuity; the live playlist begins with 14.
    fn media() -> Arc<Media> {
        let segment = |number| Segment {
            head: SegmentHead {
                number: MediaSequenceNumber(number),
                discontinuity_sequence: 0,
                is_discontinuous: number == 12 || number == 15,
                init: InitNumber(0),
                starts_at: MediaTime(0),
                program_date_time_ms: 0,
            },
            duration: Duration::from_secs(2),
            parts: Arc::from([]),
            is_gap: false,
            size_bytes: 0,
        };
        Arc::new(Media {
            rendition: RenditionName::parse("720p").unwrap(),
            server_control: ServerControl::new(Duration::from_millis(500), 2),
            zero_unix: Duration::from_secs(1_700_000_000),
            epoch: Arc::from("k3x9"),
            segments: (10..20).map(segment).map(Arc::new).collect(),
            runs: Arc::from([]),
            live_from: 4,
            discontinuities_removed: 3,
            open: None,
            upcoming: Upcoming::GoesOn,
            is_ended: false,
            reports: Arc::from([]),
        })
    }

    #[test]
    fn what_is_removed_counts_in_both_sequences_and_the_live_playlist_keeps_its_place() {
        for (lost_through, first, first_live, discontinuities) in [
            (10, 11, 14, 3),
            (11, 12, 14, 3),
            (12, 13, 14, 4),
            (14, 15, 15, 4),
            (18, 19, 19, 5),
        ] {
            let trimmed = without_through(media(), Some(lost_through));
            let number = |at: usize| trimmed.segments[at].head.number.0;
            assert_eq!(number(0), first);
            assert_eq!(number(trimmed.live_from), first_live);
            assert_eq!(trimmed.discontinuities_removed, discontinuities);
            assert_eq!(trimmed.next_part(), media().next_part());
        }
    }

    #[test]
    fn a_playlist_that_lost_nothing_is_the_same_one() {
        for lost_through in [None, Some(0), Some(9)] {
            let media = media();
            assert!(Arc::ptr_eq(
                &without_through(Arc::clone(&media), lost_through),
                &media
            ));
        }
    }
}
