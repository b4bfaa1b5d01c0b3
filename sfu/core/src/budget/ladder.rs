//! What a subscription can choose from: a track's encodings, and the layers inside them, from the cheapest to the best.

use sfu_model::id::EncodingId;
use sfu_model::layer::Layer;

use crate::budget::choice::LayerChoice;
use crate::route::tracks::{EncodingOutline, Step, TrackOutline};

/// An encoding up to one of its layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rung {
    pub(crate) encoding: EncodingId,
    pub(crate) ceiling: Layer,
}

/// The rungs of a track, low to high.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ladder {
    rungs: Vec<Rung>,
    /// The lowest one with every picture. Those below it give up pictures, the last resort: a small picture that moves is
    /// better than one that jerks.
    whole: usize,
}

impl Ladder {
    /// What flows of a track and is allowed. Inside an encoding resolutions are steps; lower frame rates are only below the
    /// smallest, unless they are what is asked for. When nothing of what is allowed flows it is the smallest that does: a picture larger than wanted is better
    /// than none.
    pub(crate) fn new(track: &TrackOutline, choice: &LayerChoice) -> Self {
        let flowing = track.steps().filter(|step| step.encoding.is_flowing);
        let mut steps: Vec<Step<'_>> = flowing.collect();
        steps.sort_by_key(|step| (step.encoding.rank, step.spatial));
        let smallest = steps.first().copied();
        steps.retain(|step| choice.allows(*step, track));
        if steps.is_empty() {
            steps.extend(smallest);
        }
        let top = choice.temporal_ceiling();
        let rung = |step: Step<'_>, temporal| Rung {
            encoding: step.encoding.id,
            ceiling: Layer {
                spatial: step.spatial,
                temporal,
            },
        };
        let mut rungs = Vec::new();
        if let Some(lowest) = steps.first().copied() {
            let highest = lowest.encoding.highest_layer.temporal.min(top);
            rungs.extend((0..highest).map(|temporal| rung(lowest, temporal)));
        }
        let whole = rungs.len();
        rungs.extend(steps.into_iter().map(|step| rung(step, top)));
        Self { rungs, whole }
    }

    /// Low to high.
    pub(crate) fn rungs(&self) -> &[Rung] {
        &self.rungs
    }

    /// The lowest rung with every picture: what is safe while nothing is known.
    pub(crate) fn whole(&self) -> usize {
        self.whole
    }

    /// Where a choice stands. A layer that does not flow any more stands where what is left of it does.
    pub(crate) fn position(&self, choice: Option<Rung>) -> Option<usize> {
        let choice = choice?;
        self.rungs.iter().rposition(|rung| {
            rung.encoding == choice.encoding && rung.ceiling.is_within(choice.ceiling)
        })
    }
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
