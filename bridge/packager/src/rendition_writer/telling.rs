//! Parts that have ended, as events.

use sfu_model::codec::MediaKind;
use sfu_model::time::MediaTime;

use super::RenditionWriter;
use crate::closed_part::{ClosedPart, Place};
use crate::event::Event;
use crate::outbox::Outbox;
use crate::segment_writer::micros;

impl RenditionWriter {
    pub(super) fn tell_parts(&mut self, outbox: &mut Outbox) {
        for part in self.parts.take_closed() {
            self.tell_part(part, false, outbox);
        }
    }

    /// The segment ends with them.
    pub(super) fn tell_last_parts(&mut self, outbox: &mut Outbox) {
        let mut parts = self.parts.take_closed();
        let last = parts.pop();
        for part in parts {
            self.tell_part(part, false, outbox);
        }
        if let Some(part) = last {
            self.tell_part(part, true, outbox);
        }
    }

    fn tell_part(&mut self, mut part: ClosedPart, ends_segment: bool, outbox: &mut Outbox) {
        let begins_segment = !self.segment.has_media();
        let place = Place {
            begins_segment,
            ends_segment,
        };
        let (starts_at, rate) = (MediaTime(part.starts_at), self.rate);
        let duration = micros(rate, part.ends_at) - micros(rate, part.starts_at);
        let bytes = self.chunks.write(&mut part, place);
        match part.samples.first() {
            None => outbox.stats.gap_parts += 1,
            Some(_) if part.is_stand_in => {
                outbox.stats.stand_in_parts += 1;
                if begins_segment && self.lacks_keyframe {
                    self.alignment.count(false);
                }
            }
            Some(first) if begins_segment && self.kind() == MediaKind::Video => {
                self.alignment.count(first.is_keyframe);
                outbox.stats.misaligned_segments += u64::from(!first.is_keyframe);
            }
            Some(_) => {}
        }
        self.segment
            .open(self.init, starts_at, self.at(part.starts_at));
        let index = self.segment.push(&part, duration, bytes.len());
        self.n_parts += 1;
        let measure = self.shown.measure_mut();
        measure.part(part.samples.len());
        measure.open(self.segment.size_bytes(), self.segment.duration());
        outbox.events.push_back(Event::Part {
            rendition: self.name.clone(),
            segment: self.segment.cut().number,
            index,
            bytes,
        });
        outbox.changed(&self.name);
    }
}
