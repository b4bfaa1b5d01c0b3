//! A row of elements with us at both ends: what is pushed in at the front comes out at the back on a thread of its own.

use std::sync::atomic::{AtomicBool, Ordering};

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::{AppSink, AppSinkCallbacks, AppSrc};

use super::contexts;

/// Why there is no line: in the words of the element that failed.
pub(super) type Reason = Box<str>;

/// A running pipeline of one source, elements in a row, and one sink.
#[derive(Debug)]
pub(super) struct Line {
    pipeline: gst::Pipeline,
    source: AppSrc,
    n_buffers_max: u64,
}

impl Line {
    /// Starts a line. `each` is called with what comes out, `failed` once with the first error.
    pub(super) fn start(
        elements: &[gst::Element],
        sink_caps: &gst::Caps,
        n_buffers_max: u64,
        mut each: impl FnMut(gst::Sample) + Send + 'static,
        failed: impl Fn(Reason) + Send + Sync + 'static,
    ) -> Result<Self, Reason> {
        let source = AppSrc::builder()
            .format(gst::Format::Time)
            .max_buffers(0)
            .max_bytes(0)
            .build();
        let each = move |sink: &AppSink| {
            each(sink.pull_sample().map_err(|_| gst::FlowError::Eos)?);
            Ok(gst::FlowSuccess::Ok)
        };
        let sink = AppSink::builder()
            .caps(sink_caps)
            .sync(false)
            .enable_last_sample(false)
            .callbacks(AppSinkCallbacks::builder().new_sample(each).build())
            .build();
        let pipeline = gst::Pipeline::new();
        let row = std::iter::once(source.upcast_ref())
            .chain(elements)
            .chain(std::iter::once(sink.upcast_ref()));
        let row: Vec<&gst::Element> = row.collect();
        pipeline.add_many(&row).map_err(reason)?;
        gst::Element::link_many(&row).map_err(reason)?;
        watch(&pipeline, failed);
        contexts::give(&pipeline);
        let line = Self {
            pipeline,
            source,
            n_buffers_max,
        };
        line.pipeline
            .set_state(gst::State::Playing)
            .map_err(reason)?;
        Ok(line)
    }

    /// What comes next is laid out like this.
    pub(super) fn set_caps(&self, caps: &gst::Caps) {
        self.source.set_caps(Some(caps));
    }

    /// Whether one more buffer may be pushed.
    pub(super) fn has_room(&self) -> bool {
        self.source.current_level_buffers() < self.n_buffers_max
    }

    /// Puts a buffer in. It never waits; whoever pushes asks for room first.
    pub(super) fn push(&self, buffer: gst::Buffer) {
        // A line that failed or is being ended takes nothing; `failed` was told.
        let _flow = self.source.push_buffer(buffer);
    }

    /// Asks for a keyframe at the next buffer that is pushed. The request goes with the stream, since one that went by itself
    /// would meet buffers that are still on their way.
    pub(super) fn force_keyframe(&self) {
        let event = gstreamer_video::DownstreamForceKeyUnitEvent::builder()
            .all_headers(true)
            .build();
        self.source.send_event(event);
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if let Some(bus) = self.pipeline.bus() {
            bus.unset_sync_handler();
        }
        // It ends in any case; what was inside is given up.
        let _change = self.pipeline.set_state(gst::State::Null);
    }
}

/// Calls `failed` with the first error that an element posts. Nobody reads the bus otherwise.
fn watch(pipeline: &gst::Pipeline, failed: impl Fn(Reason) + Send + Sync + 'static) {
    let has_failed = AtomicBool::new(false);
    let Some(bus) = pipeline.bus() else {
        return;
    };
    bus.set_sync_handler(move |_, message| {
        let view = message.view();
        if let gst::MessageView::HaveContext(made) = view {
            contexts::keep(&made.context());
        }
        if let gst::MessageView::Error(error) = view
            && !has_failed.swap(true, Ordering::Relaxed)
        {
            let source = message.src().map(|source| source.name());
            let source = source.as_deref().unwrap_or("pipeline");
            failed(format!("{source}: {}", said(error)).into());
        }
        gst::BusSyncReply::Drop
    });
}

/// What an element says of its error: the end of what it has for developers is often the reason, as `not-negotiated` is.
fn said(error: &gst::message::Error) -> String {
    let details = error.debug();
    let reason = details.as_deref().and_then(|text| text.lines().last());
    match reason {
        Some(reason) => format!("{} ({reason})", error.error()),
        None => error.error().to_string(),
    }
}

/// An error of GStreamer's as a text.
pub(super) fn reason(error: impl std::fmt::Display) -> Reason {
    error.to_string().into()
}

/// An element by the name of its factory.
pub(super) fn element(name: &str) -> Result<gst::Element, Reason> {
    gst::ElementFactory::make(name).build().map_err(reason)
}
