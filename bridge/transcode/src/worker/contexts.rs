//! The context that a card's elements share: one for all slots of a worker, however many pipelines they have. Each of its own
//! would cost some hundred megabytes of the card's memory, and what lies in one is not at hand in another.

use std::sync::{Mutex, PoisonError};

use gstreamer as gst;
use gstreamer::prelude::*;

use crate::place::Place;

/// Those that elements made, at most one of each type that a place has.
static KEPT: Mutex<Vec<gst::Context>> = Mutex::new(Vec::new());

/// An element made a context: the first of its type is everybody's.
pub(super) fn keep(context: &gst::Context) {
    let kind = context.context_type();
    let is_shared = Place::ALL.iter().any(|place| place.context() == Some(kind));
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if is_shared && kept.iter().all(|known| known.context_type() != kind) {
        kept.push(context.clone());
    }
}

/// Gives a pipeline what there is, before its elements ask.
pub(super) fn give(pipeline: &gst::Pipeline) {
    let kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    for context in kept.iter() {
        pipeline.set_context(context);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_context_of_a_cards_is_everybodys_and_others_are_not_kept() {
        gst::init().unwrap();
        let cuda = gst::Context::new("gst.cuda.context", true);
        keep(&gst::Context::new("gst.gl.GLDisplay", true));
        keep(&cuda);
        keep(&gst::Context::new("gst.cuda.context", true));
        let pipeline = gst::Pipeline::new();
        give(&pipeline);
        let given = pipeline.context("gst.cuda.context");
        assert_eq!(given.map(|given| given.as_ptr()), Some(cuda.as_ptr()));
        assert_eq!(pipeline.contexts().len(), 1);
    }
}
