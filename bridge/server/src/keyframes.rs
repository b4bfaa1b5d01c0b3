//! The wish for keyframes, in the media plane's words.

use bridge_frames::source::Source;
use sfu_core::route::tracks::TrackOutline;
use sfu_model::codec::MediaKind;
use sfu_model::keyframe::{KeyframeReason, KeyframeRequest};

/// Requests for a keyframe of one source, or of all pictures.
pub(crate) fn requests(
    tracks: &[TrackOutline],
    wanted: Option<Source>,
) -> impl Iterator<Item = KeyframeRequest> + '_ {
    let videos = tracks.iter().filter(|track| track.kind == MediaKind::Video);
    videos.flat_map(move |track| {
        let is_wanted = move |rank| wanted.is_none_or(|source| source == Source::Video { rank });
        let encodings = track.encodings.iter().filter(move |e| is_wanted(e.rank));
        encodings.map(|encoding| KeyframeRequest {
            track: track.id,
            encoding: encoding.id,
            reason: KeyframeReason::Join,
        })
    })
}

#[cfg(test)]
mod tests {
    use sfu_core::route::tracks::EncodingOutline;
    use sfu_model::id::{EncodingId, TrackId};
    use sfu_model::layer::Layer;
    use sfu_model::packet::LayerSizes;

    use super::*;

    fn encoding(rank: u8) -> EncodingOutline {
        EncodingOutline {
            id: EncodingId(10 + u64::from(rank)),
            rid: None,
            rank,
            codec: None,
            sizes: LayerSizes::default(),
            is_flowing: true,
            highest_layer: Layer::default(),
        }
    }

    #[test]
    fn pictures_are_asked_for_all_at_once_or_one_by_one_and_sound_never() {
        let track = |id, kind, ranks: std::ops::Range<u8>| TrackOutline {
            id: TrackId(id),
            kind,
            encodings: ranks.map(encoding).collect(),
        };
        let tracks = [
            track(1, MediaKind::Audio, 0..1),
            track(2, MediaKind::Video, 0..3),
        ];
        let asked =
            |wanted| -> Vec<u64> { requests(&tracks, wanted).map(|r| r.encoding.0).collect() };
        assert_eq!(asked(None), [10, 11, 12]);
        assert_eq!(asked(Some(Source::Video { rank: 1 })), [11]);
        assert!(asked(Some(Source::Audio)).is_empty());
        assert!(requests(&tracks, None).all(|request| request.track == TrackId(2)));
    }
}
