//! The target of a subscription: the best encoding that flows.
//!
//! What the subscriber's path can carry is not an argument yet: every subscriber gets the best.

use sfu_model::id::EncodingId;

use crate::route::tracks::TrackOutline;

/// The encoding that a subscription to this track should get. Nothing flows: the one it has, or else the smallest,
/// which is the first that a publisher starts.
pub(crate) fn target(track: &TrackOutline, current: Option<EncodingId>) -> Option<EncodingId> {
    let best = track
        .encodings
        .iter()
        .filter(|e| e.is_flowing)
        .max_by_key(|e| e.rank);
    if let Some(best) = best {
        return Some(best.id);
    }
    let kept = track.encodings.iter().find(|e| Some(e.id) == current);
    kept.or_else(|| track.encodings.iter().min_by_key(|e| e.rank))
        .map(|e| e.id)
}

#[cfg(test)]
mod tests {
    use sfu_model::codec::MediaKind;
    use sfu_model::id::TrackId;

    use super::*;
    use crate::route::tracks::EncodingOutline;

    fn track(flowing: &[bool]) -> TrackOutline {
        let encodings = (0_u8..)
            .zip(flowing)
            .map(|(rank, is_flowing)| EncodingOutline {
                id: EncodingId(u64::from(rank) + 10),
                rid: None,
                rank,
                codec: None,
                dimensions: None,
                is_flowing: *is_flowing,
            })
            .collect();
        TrackOutline {
            id: TrackId(1),
            kind: MediaKind::Video,
            encodings,
        }
    }

    #[test]
    fn the_largest_that_flows_is_the_target() {
        let cases: [(&[bool], Option<u64>, Option<u64>); 5] = [
            (&[true, true, true], None, Some(12)),
            (&[true, true, false], Some(12), Some(11)),
            (&[false, false, false], Some(12), Some(12)),
            (&[false, false, false], None, Some(10)),
            (&[], None, None),
        ];
        for (flowing, current, expected) in cases {
            let target = target(&track(flowing), current.map(EncodingId));
            assert_eq!(target, expected.map(EncodingId), "{flowing:?} {current:?}");
        }
    }
}
