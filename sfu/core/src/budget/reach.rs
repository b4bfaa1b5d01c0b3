//! How far up a track's encodings a subscription may go: as far as it allows, and as its path is not known to fall short.

use sfu_model::id::EncodingId;
use sfu_model::rate::Bitrate;

use crate::budget::choice::LayerChoice;
use crate::route::demand::Demand;
use crate::route::tracks::{EncodingOutline, TrackOutline};

/// A path that carries less than this share of an encoding will not carry it soon. Above it the encoding is asked for before
/// it fits, because a path is only known to carry more once more is sent over it.
const SHORT: f64 = 0.8;

/// The reach of a subscription over a path that is measured to carry this much, or is not measured. `cost` is what an encoding
/// sent last. In doubt an encoding is within reach: one that is sent in vain costs its publisher, one that is missing
/// costs a viewer.
pub(crate) fn reach(
    track: &TrackOutline,
    choice: &LayerChoice,
    carries: Option<Bitrate>,
    cost: impl Fn(EncodingId) -> Option<Bitrate>,
) -> Demand {
    // A size that is not known yet is told by the first keyframe, and none comes of what is not sent.
    let is_allowed = |e: &&EncodingOutline| {
        e.sizes.is_empty() || e.steps().any(|step| choice.allows(step, track))
    };
    let is_short = |e: &EncodingOutline| {
        let cost = cost(e.id);
        carries
            .zip(cost)
            .is_some_and(|(carries, cost)| carries < cost.scaled(SHORT))
    };
    let encodings = track.encodings.iter().filter(is_allowed);
    let within = encodings.filter(|e| e.rank == 0 || !is_short(e));
    let highest = within.map(|e| e.rank).max();
    highest.map_or(Demand::Nothing, Demand::UpTo)
}

#[cfg(test)]
mod tests {
    use sfu_model::codec::MediaKind;
    use sfu_model::id::TrackId;
    use sfu_model::layer::Layer;
    use sfu_model::packet::{Dimensions, LayerSizes};
    use sfu_model::rtp::Rid;

    use super::*;

    /// `q` 320x180, `h` 640x360, `f` 1280x720, of which only `q` flows.
    fn track() -> TrackOutline {
        let encodings = (0_u8..).zip(["q", "h", "f"]);
        let outline = |(rank, rid): (u8, &str)| EncodingOutline {
            id: EncodingId(u64::from(rank)),
            rid: Rid::new(rid),
            rank,
            codec: None,
            sizes: LayerSizes::from(Dimensions {
                width: 320 << rank,
                height: 180 << rank,
            }),
            is_flowing: rank == 0,
            highest_layer: Layer::default(),
        };
        TrackOutline {
            id: TrackId(1),
            kind: MediaKind::Video,
            encodings: encodings.map(outline).collect(),
        }
    }

    /// They cost 150, 500 and 1,500 kbit/s.
    fn cost(encoding: EncodingId) -> Option<Bitrate> {
        let kbps = [150, 500, 1_500];
        let index = usize::try_from(encoding.0).ok()?;
        kbps.get(index).map(|kbps| Bitrate::from_kbps(*kbps))
    }

    #[test]
    fn an_encoding_is_out_of_reach_when_the_path_carries_less_than_four_fifths_of_it() {
        let table = [
            (None, 2),
            (Some(5_000), 2),
            (Some(1_200), 2),
            (Some(1_199), 1),
            (Some(400), 1),
            (Some(399), 0),
            (Some(10), 0),
        ];
        for (kbps, rank) in table {
            let carries = kbps.map(Bitrate::from_kbps);
            let reached = reach(&track(), &LayerChoice::default(), carries, cost);
            assert_eq!(reached, Demand::UpTo(rank), "{kbps:?} kbit/s");
        }
    }

    #[test]
    fn what_is_not_known_is_within_reach() {
        let carries = Some(Bitrate::from_kbps(10));
        let unknown_cost = reach(&track(), &LayerChoice::default(), carries, |_| None);
        assert_eq!(unknown_cost, Demand::UpTo(2));
        let mut track = track();
        let low = LayerChoice {
            height_max: Some(180),
            ..LayerChoice::default()
        };
        assert_eq!(reach(&track, &low, None, cost), Demand::UpTo(0));
        for encoding in &mut track.encodings {
            if encoding.rank == 2 {
                encoding.sizes = LayerSizes::default();
            }
        }
        assert_eq!(reach(&track, &low, None, cost), Demand::UpTo(2));
    }

    #[test]
    fn what_the_subscriber_bounds_is_out_of_reach_however_much_its_path_carries() {
        let h = LayerChoice {
            rid: Rid::new("h"),
            ..LayerChoice::default()
        };
        assert_eq!(reach(&track(), &h, None, cost), Demand::UpTo(1));
    }
}
