//! What a subscription can choose from: a track's encodings, and the layers inside them, from the cheapest to the best.

use sfu_model::id::EncodingId;
use sfu_model::layer::{Layer, SPATIAL_LAYERS_MAX, TEMPORAL_LAYERS_MAX};
use sfu_model::limits::ENCODINGS_PER_TRACK_MAX;

use crate::budget::choice::LayerChoice;
use crate::route::tracks::{EncodingOutline, Step, TrackOutline};

/// An encoding up to one of its layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rung {
    pub(crate) encoding: EncodingId,
    pub(crate) ceiling: Layer,
}

/// Most rungs: every resolution of every encoding that a track can have, and below the smallest its lower frame rates. What is
/// above is left out; a track is never made with more.
const RUNGS_MAX: usize =
    ENCODINGS_PER_TRACK_MAX * SPATIAL_LAYERS_MAX as usize + (TEMPORAL_LAYERS_MAX as usize - 1);

/// The rungs of a track, low to high. It is made anew for every plan, so it lies where its maker has it: a heap would be asked
/// ten times a second for each viewer.
#[derive(Clone, Debug)]
pub(crate) struct Ladder {
    rungs: [Rung; RUNGS_MAX],
    n_rungs: usize,
    /// The lowest one with every picture. Those below it give up pictures, the last resort: a small picture that moves is
    /// better than one that jerks.
    whole: usize,
}

impl Ladder {
    /// What flows of a track and is allowed. Inside an encoding resolutions are steps; lower frame rates are only below the
    /// smallest, unless they are what is asked for. When nothing of what is allowed flows it is the smallest that does: a picture larger than wanted is better
    /// than none.
    pub(crate) fn new(track: &TrackOutline, choice: &LayerChoice) -> Self {
        let flowing = || track.steps().filter(|step| step.encoding.is_flowing);
        let allowed = || flowing().filter(|step| choice.allows(*step, track));
        let mut ladder = Self::empty();
        let lowest = allowed().min_by_key(height);
        let Some(lowest) = lowest.or_else(|| flowing().min_by_key(height)) else {
            return ladder;
        };
        let top = choice.temporal_ceiling();
        for temporal in 0..lowest.encoding.highest_layer.temporal.min(top) {
            ladder.push(lowest, temporal);
        }
        ladder.whole = ladder.n_rungs;
        let mut next = Some(lowest);
        while let Some(step) = next {
            ladder.push(step, top);
            // Steps are few: to look through them again is cheaper than a place to sort them in.
            let above = allowed().filter(|above| height(above) > height(&step));
            next = above.min_by_key(height);
        }
        ladder
    }

    fn empty() -> Self {
        let nowhere = Rung {
            encoding: EncodingId(0),
            ceiling: Layer::default(),
        };
        Self {
            rungs: [nowhere; RUNGS_MAX],
            n_rungs: 0,
            whole: 0,
        }
    }

    fn push(&mut self, step: Step<'_>, temporal: u8) {
        if let Some(rung) = self.rungs.get_mut(self.n_rungs) {
            *rung = Rung {
                encoding: step.encoding.id,
                ceiling: Layer {
                    spatial: step.spatial,
                    temporal,
                },
            };
            self.n_rungs += 1;
        }
    }

    /// Low to high.
    pub(crate) fn rungs(&self) -> &[Rung] {
        self.rungs.get(..self.n_rungs).unwrap_or_default()
    }

    /// The lowest rung with every picture: what is safe while nothing is known.
    pub(crate) fn whole(&self) -> usize {
        self.whole
    }

    /// Where a choice stands. A layer that does not flow any more stands where what is left of it does.
    pub(crate) fn position(&self, choice: Option<Rung>) -> Option<usize> {
        let choice = choice?;
        self.rungs().iter().rposition(|rung| {
            rung.encoding == choice.encoding && rung.ceiling.is_within(choice.ceiling)
        })
    }
}

/// Where a resolution stands among those of its track.
fn height(step: &Step<'_>) -> (u8, EncodingId, u8) {
    (step.encoding.rank, step.encoding.id, step.spatial)
}

/// The lowest encoding above this one that is allowed and does not flow: nobody wanted it, or its sender cannot send it.
pub(crate) fn asleep_above(
    track: &TrackOutline,
    choice: &LayerChoice,
    below: EncodingId,
) -> Option<Rung> {
    let below = track.encodings.iter().find(|e| e.id == below)?.rank;
    let above = track.encodings.iter().filter(|e| e.rank > below);
    let is_allowed = |e: &EncodingOutline| e.steps().any(|step| choice.allows(step, track));
    let asleep = above.filter(|e| !e.is_flowing && is_allowed(e));
    let lowest = asleep.min_by_key(|e| e.rank)?;
    Some(Rung {
        encoding: lowest.id,
        ceiling: Layer::TOP,
    })
}

/// Whether a rung's encoding does not flow.
pub(crate) fn is_asleep(track: &TrackOutline, rung: Rung) -> bool {
    let mut encodings = track.encodings.iter();
    encodings.any(|e| e.id == rung.encoding && !e.is_flowing)
}

/// There is something to choose.
pub(crate) fn has_choice(track: &TrackOutline) -> bool {
    let has_layers = |e: &EncodingOutline| e.highest_layer != Layer::default();
    track.encodings.len() > 1 || track.encodings.iter().any(has_layers)
}

/// When nothing flows: the encoding it has, or else the smallest, which is the first that a publisher starts.
pub(crate) fn kept(track: &TrackOutline, current: Option<Rung>) -> Option<Rung> {
    let is_there = |rung: &Rung| track.encodings.iter().any(|e| e.id == rung.encoding);
    current.filter(is_there).or_else(|| {
        let smallest = track.encodings.iter().min_by_key(|e| e.rank)?;
        Some(Rung {
            encoding: smallest.id,
            ceiling: Layer::TOP,
        })
    })
}

#[cfg(test)]
mod tests {
    use sfu_model::codec::MediaKind;
    use sfu_model::id::TrackId;
    use sfu_model::packet::LayerSizes;

    use super::*;

    fn track(encodings: &[(bool, u8, u8)]) -> TrackOutline {
        let encodings = (0_u8..).zip(encodings);
        TrackOutline {
            id: TrackId(1),
            kind: MediaKind::Video,
            encodings: encodings
                .map(|(rank, (is_flowing, spatial, temporal))| EncodingOutline {
                    id: EncodingId(u64::from(rank)),
                    rid: None,
                    rank,
                    codec: None,
                    sizes: LayerSizes::default(),
                    is_flowing: *is_flowing,
                    highest_layer: Layer {
                        spatial: *spatial,
                        temporal: *temporal,
                    },
                })
                .collect(),
        }
    }

    fn steps(ladder: &Ladder) -> Vec<(u64, u8, u8)> {
        let step = |r: &Rung| (r.encoding.0, r.ceiling.spatial, r.ceiling.temporal);
        ladder.rungs().iter().map(step).collect()
    }

    #[test]
    fn resolutions_are_steps_and_frame_rates_the_last_resort() {
        let svc = Ladder::new(&track(&[(true, 2, 2)]), &LayerChoice::default());
        let expected = [(0, 0, 0), (0, 0, 1), (0, 0, 3), (0, 1, 3), (0, 2, 3)];
        assert_eq!(steps(&svc), expected);
        assert_eq!(svc.whole(), 2);
        let simulcast = Ladder::new(
            &track(&[(true, 0, 1), (false, 0, 1), (true, 0, 1)]),
            &LayerChoice::default(),
        );
        assert_eq!(steps(&simulcast), [(0, 0, 0), (0, 0, 3), (2, 0, 3)]);
        assert_eq!(simulcast.whole(), 1);
    }

    #[test]
    fn the_fullest_track_has_a_rung_for_each_step_and_the_order_of_its_sizes() {
        let most =
            [(true, SPATIAL_LAYERS_MAX - 1, TEMPORAL_LAYERS_MAX - 1); ENCODINGS_PER_TRACK_MAX];
        let mut track = track(&most);
        track.encodings.reverse();
        let ladder = Ladder::new(&track, &LayerChoice::default());
        assert_eq!(ladder.rungs().len(), RUNGS_MAX);
        assert_eq!(ladder.whole(), 3);
        let whole = steps(&ladder).split_off(3);
        let sizes = (0..4).flat_map(|encoding| (0..4).map(move |spatial| (encoding, spatial, 3)));
        assert!(whole.into_iter().eq(sizes));
        let silent = Ladder::new(&self::track(&[(false, 0, 0)]), &LayerChoice::default());
        assert!(silent.rungs().is_empty());
    }

    #[test]
    fn layers_that_are_not_allowed_are_no_steps() {
        let bounded = LayerChoice {
            spatial_max: Some(1),
            temporal_max: Some(1),
            ..LayerChoice::default()
        };
        let svc = Ladder::new(&track(&[(true, 2, 2)]), &bounded);
        assert_eq!(steps(&svc), [(0, 0, 0), (0, 0, 1), (0, 1, 1)]);
        assert_eq!(svc.whole(), 1);
        // Of pictures that are all too large the smallest.
        let tiny = LayerChoice {
            width_max: Some(1),
            ..LayerChoice::default()
        };
        let smallest = Ladder::new(&track(&[(true, 2, 0)]), &tiny);
        assert_eq!(steps(&smallest), [(0, 0, 3)]);
    }

    #[test]
    fn an_encoding_without_layers_is_one_step() {
        let ladder = Ladder::new(
            &track(&[(true, 0, 0), (true, 0, 0)]),
            &LayerChoice::default(),
        );
        assert_eq!(steps(&ladder), [(0, 0, 3), (1, 0, 3)]);
        assert_eq!(ladder.whole(), 0);
        assert!(!has_choice(&track(&[(true, 0, 0)])));
        assert!(has_choice(&track(&[(true, 0, 0), (false, 0, 0)])));
        assert!(has_choice(&track(&[(true, 0, 1)])));
    }

    #[test]
    fn a_choice_whose_layer_ended_stands_at_what_is_left() {
        let ladder = Ladder::new(&track(&[(true, 1, 1)]), &LayerChoice::default());
        let at = |encoding, spatial, temporal| {
            ladder.position(Some(Rung {
                encoding: EncodingId(encoding),
                ceiling: Layer { spatial, temporal },
            }))
        };
        assert_eq!(at(0, 2, 3), Some(2));
        assert_eq!(at(0, 0, 3), Some(1));
        assert_eq!(at(0, 0, 0), Some(0));
        assert_eq!(at(1, 0, 3), None);
        assert_eq!(ladder.position(None), None);
    }
}
