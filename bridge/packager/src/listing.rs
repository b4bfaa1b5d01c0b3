//! What is told of a stream's renditions: their playlists, and which there are.

use std::sync::Arc;

use sfu_model::codec::MediaKind;
use sfu_model::frame::Format;
use sfu_model::packet::Dimensions;

use crate::config::Config;
use crate::event::Event;
use crate::measure::{Measure, Measured};
use crate::outbox::Outbox;
use crate::part::PartIndex;
use crate::playlist::media::{Media, Report};
use crate::rendition::{RenditionName, RenditionOutline};
use crate::rendition_writer::RenditionWriter;
use crate::slot::Slot;

/// What was told last.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    told: Arc<[RenditionOutline]>,
}

impl Listing {
    /// Tells of every playlist that changed, once, and of the renditions when they did.
    pub(crate) fn tell(
        &mut self,
        config: &Config,
        slots: &[Slot],
        is_ended: bool,
        outbox: &mut Outbox,
    ) {
        for name in outbox.take_changed() {
            let mut writers = slots.iter().filter_map(|slot| slot.writer.as_ref());
            if let Some(writer) = writers.find(|writer| writer.name == name) {
                let reports = reports(slots, &name);
                let media = media(config, writer, reports, is_ended);
                outbox.events.push_back(Event::Playlist(Arc::new(media)));
            }
        }
        let renditions = renditions(slots, is_ended);
        if differ(&renditions, &self.told) {
            self.told = renditions.into();
            let told = Arc::clone(&self.told);
            outbox.events.push_back(Event::Renditions(told));
        }
    }
}

fn media(
    config: &Config,
    writer: &RenditionWriter,
    reports: Arc<[Report]>,
    is_ended: bool,
) -> Media {
    let segments = writer.window.segments();
    let open = writer.segment.head();
    let first = segments.first().map(|segment| &segment.head).or(open);
    Media {
        rendition: writer.name.clone(),
        server_control: config.latency.server_control(),
        zero_unix: config.zero.unix,
        epoch: Arc::clone(&config.epoch),
        segments: Arc::clone(segments),
        runs: Arc::clone(&writer.runs),
        live_from: writer.window.live_from(),
        discontinuities_removed: first.map_or(0, |head| {
            head.discontinuity_sequence - u64::from(head.is_discontinuous)
        }),
        open: open.map(|head| (head.clone(), writer.segment.parts().into())),
        upcoming: writer.upcoming(),
        is_ended,
        reports,
    }
}

/// Where all others that are listed stand.
fn reports(slots: &[Slot], of: &RenditionName) -> Arc<[Report]> {
    let others = slots
        .iter()
        .filter(|slot| slot.is_listed() && slot.name != *of);
    others
        .filter_map(|slot| slot.writer.as_ref())
        .filter_map(report)
        .collect()
}

fn report(writer: &RenditionWriter) -> Option<Report> {
    let index = |parts: usize| PartIndex(u32::try_from(parts.saturating_sub(1)).unwrap_or(0));
    let (last, n_parts) = match writer.segment.head() {
        Some(head) => (head.number, writer.segment.parts().len()),
        None => {
            let segment = writer.window.segments().last()?;
            (segment.head.number, segment.parts.len())
        }
    };
    Some(Report {
        rendition: writer.name.clone(),
        last,
        last_part: Some(index(n_parts)),
    })
}

/// Those that a player may choose, best first: pictures by size and rate, then sound, AAC before all other because every
/// player has it.
fn renditions(slots: &[Slot], is_ended: bool) -> Vec<RenditionOutline> {
    let listed = slots.iter().filter(|slot| slot.is_listed());
    let writers = listed.filter_map(|slot| slot.writer.as_ref());
    let mut infos: Vec<RenditionOutline> = writers
        .filter_map(|writer| info(writer, is_ended))
        .collect();
    infos.sort_by_key(|info| {
        let is_sound = info.kind == MediaKind::Audio;
        let is_rare = is_sound && !info.codecs.starts_with("mp4a");
        let area = info.size.map_or(0, Dimensions::area);
        let first = std::cmp::Reverse((area, info.peak_bps));
        (is_sound, is_rare, first)
    });
    infos
}

/// As long as a stream goes on, its rates are those of what will come. Once it has ended, `BANDWIDTH` is that of what there is
/// (draft-pantos-hls-rfc8216bis section 4.4.6.2), another's pictures that it showed for a while among it.
fn info(writer: &RenditionWriter, is_ended: bool) -> Option<RenditionOutline> {
    let face = writer.shown.face();
    let mut measured: Measured = face.measure.measured();
    if is_ended {
        let mut whole = Measure::default();
        for segment in writer.window.segments().iter() {
            let bytes = u64::from(segment.size_bytes);
            whole.segment(bytes, segment.duration, segment.is_gap);
        }
        measured.peak_bps = measured.peak_bps.max(whole.measured().peak_bps);
    }
    let kind = writer.kind();
    let is_video = kind == MediaKind::Video;
    Some(RenditionOutline {
        name: writer.name.clone(),
        kind,
        clock_rate: writer.rate,
        codecs: Arc::clone(writer.formats.codecs()?),
        formats: Arc::clone(writer.formats.all()),
        size: face.size,
        milli_fps: is_video.then_some(measured.milli_fps),
        channels: match *writer.format {
            Format::Opus { channels, .. } | Format::Aac { channels, .. } => Some(channels),
            Format::H264 { .. } | Format::Vp8 { .. } | Format::Vp9 { .. } | Format::Av1 { .. } => {
                None
            }
        },
        peak_bps: measured.peak_bps,
        average_bps: measured.average_bps,
    })
}

/// Are they so different that it has to be told?
fn differ(new: &[RenditionOutline], told: &[RenditionOutline]) -> bool {
    let measured = |info: &RenditionOutline| Measured {
        peak_bps: info.peak_bps,
        average_bps: info.average_bps,
        milli_fps: info.milli_fps.unwrap_or(0),
    };
    let same_but_measured = |(new, told): (&RenditionOutline, &RenditionOutline)| {
        let with_told = RenditionOutline {
            peak_bps: told.peak_bps,
            average_bps: told.average_bps,
            milli_fps: told.milli_fps,
            ..new.clone()
        };
        with_told == *told && !measured(new).differs_from(&measured(told))
    };
    new.len() != told.len() || !new.iter().zip(told).all(same_but_measured)
}
