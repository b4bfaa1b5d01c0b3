//! A row of elements that work on the thread of whoever pushes: what is pushed in at the front has come out at the back when the
//! push returns. Sound is made of fifty small buffers a second, and to wake a thread for each costs as much as to decode it.

use std::sync::{Arc, Mutex, PoisonError};

use gstreamer as gst;
use gstreamer::prelude::*;

use super::line::{Reason, reason};

/// Elements with a pad of ours at both ends.
#[derive(Debug)]
pub(super) struct Row {
    elements: Vec<gst::Element>,
    front: gst::Pad,
    back: gst::Pad,
    came_out: Arc<Mutex<Vec<gst::Sample>>>,
    /// The first error that an element posted.
    error: Arc<Mutex<Option<Reason>>>,
}

impl Row {
    /// Starts a row, which is given `front` and gives `back`.
    pub(super) fn start(
        elements: Vec<gst::Element>,
        front: &gst::Caps,
        back: &gst::Caps,
    ) -> Result<Self, Reason> {
        let came_out = Arc::<Mutex<Vec<gst::Sample>>>::default();
        let row = Self {
            front: gst::Pad::builder(gst::PadDirection::Src).build(),
            back: sink(back, Arc::clone(&came_out))?,
            error: watch(&elements),
            elements,
            came_out,
        };
        row.link()?;
        row.front.set_active(true).map_err(reason)?;
        row.back.set_active(true).map_err(reason)?;
        for element in row.elements.iter().rev() {
            element.set_state(gst::State::Playing).map_err(reason)?;
        }
        let segment = gst::FormattedSegment::<gst::ClockTime>::new();
        let events = [
            gst::event::StreamStart::new("sound"),
            gst::event::Caps::new(front),
            gst::event::Segment::new(&segment),
        ];
        match events.into_iter().all(|event| row.front.push_event(event)) {
            true => Ok(row),
            false => Err(row.why("the elements do not take what they are given")),
        }
    }

    /// Puts a buffer in, and adds what comes out to `out`.
    ///
    /// # Errors
    ///
    /// An element failed: the row is of no use any more.
    pub(super) fn push(
        &self,
        buffer: gst::Buffer,
        out: &mut Vec<gst::Sample>,
    ) -> Result<(), Reason> {
        let flow = self.front.push(buffer);
        out.append(&mut *self.came_out.lock().unwrap_or_else(PoisonError::into_inner));
        match flow {
            Ok(_) => Ok(()),
            Err(flow) => Err(self.why(flow.to_string())),
        }
    }

    fn link(&self) -> Result<(), Reason> {
        let missing = || Reason::from("an element without a pad");
        let first = self.elements.first().and_then(|e| e.static_pad("sink"));
        let last = self.elements.last().and_then(|e| e.static_pad("src"));
        self.front
            .link(&first.ok_or_else(missing)?)
            .map_err(reason)?;
        gst::Element::link_many(&self.elements).map_err(reason)?;
        let last = last.ok_or_else(missing)?;
        last.link(&self.back).map(drop).map_err(reason)
    }

    /// In the words of the element that failed, if one said something.
    fn why(&self, otherwise: impl Into<Reason>) -> Reason {
        let said = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        said.clone().unwrap_or_else(|| otherwise.into())
    }
}

impl Drop for Row {
    fn drop(&mut self) {
        // It ends in any case; what was inside is given up.
        let _active = self.front.set_active(false);
        for element in &self.elements {
            let _change = element.set_state(gst::State::Null);
            element.set_bus(None);
        }
        let _active = self.back.set_active(false);
    }
}

/// A pad that keeps what it is given.
fn sink(caps: &gst::Caps, came_out: Arc<Mutex<Vec<gst::Sample>>>) -> Result<gst::Pad, Reason> {
    let (direction, always) = (gst::PadDirection::Sink, gst::PadPresence::Always);
    let template = gst::PadTemplate::new("back", direction, always, caps).map_err(reason)?;
    let pad = gst::Pad::builder_from_template(&template).chain_function(move |pad, _, buffer| {
        let sample = gst::Sample::builder().buffer(&buffer);
        let sample = match pad.current_caps() {
            Some(caps) => sample.caps(&caps).build(),
            None => sample.build(),
        };
        let mut came_out = came_out.lock().unwrap_or_else(PoisonError::into_inner);
        came_out.push(sample);
        Ok(gst::FlowSuccess::Ok)
    });
    Ok(pad.build())
}

/// Where the first error is kept that one of the elements posts. Nobody reads the bus otherwise.
fn watch(elements: &[gst::Element]) -> Arc<Mutex<Option<Reason>>> {
    let first = Arc::<Mutex<Option<Reason>>>::default();
    let bus = gst::Bus::new();
    let posted = Arc::clone(&first);
    bus.set_sync_handler(move |_, message| {
        if let gst::MessageView::Error(error) = message.view() {
            let source = message.src().map(|source| source.name());
            let source = source.as_deref().unwrap_or("element");
            let mut posted = posted.lock().unwrap_or_else(PoisonError::into_inner);
            posted.get_or_insert_with(|| format!("{source}: {}", error.error()).into());
        }
        gst::BusSyncReply::Drop
    });
    for element in elements {
        element.set_bus(Some(&bus));
    }
    first
}
