//! One published RTP stream: its numbers, what flows, and the keyframes that are wanted of it.

use std::sync::Arc;

use sfu_model::codec::{Codec, MediaKind};
use sfu_model::dependency::{Descriptor, DescriptorBytes};
use sfu_model::id::{EncodingId, TrackId};
use sfu_model::layer::{Layer, Placement};
use sfu_model::packet::{LayerSizes, Packet};
use sfu_model::rtp::Rid;
use sfu_model::time::Instant;

use crate::limits::{ENCODING_SILENCE, KEYFRAME_REQUEST_INTERVAL};
use crate::publish::capture_clock::{CaptureClock, EncodingClock, Sample};
use crate::publish::facts::dependency::{DependencyReader, Reading};
use crate::publish::facts::{self, ParameterSets};
use crate::publish::keyframe_requests::KeyframeRequests;
use crate::publish::layer_flow::LayerFlow;
use crate::session::engine::ReceivedRtp;

/// One encoding of a published track.
#[derive(Debug)]
pub(crate) struct Encoding {
    pub(crate) id: EncodingId,
    pub(crate) rid: Option<Rid>,
    /// Rank among the track's encodings, 0 is the smallest.
    pub(crate) rank: u8,
    pub(crate) codec: Option<Codec>,
    pub(crate) sizes: LayerSizes,
    pub(crate) keyframe_requests: KeyframeRequests,
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
    pub(crate) layers: LayerFlow,
    /// Something that subscribers are told has changed since it was last asked.
    pub(crate) has_changed: bool,
    clock: EncodingClock,
    last_packet_at: Option<Instant>,
    parameter_sets: ParameterSets,
    dependencies: DependencyReader,
}

impl Encoding {
    pub(crate) fn new(id: EncodingId, rid: Option<Rid>, rank: u8) -> Self {
        Self {
            id,
            rid,
            rank,
            codec: None,
            sizes: LayerSizes::default(),
            keyframe_requests: KeyframeRequests::new(KEYFRAME_REQUEST_INTERVAL),
            packets: 0,
            bytes: 0,
            layers: LayerFlow::default(),
            has_changed: false,
            clock: EncodingClock::default(),
            last_packet_at: None,
            parameter_sets: ParameterSets::default(),
            dependencies: DependencyReader::default(),
        }
    }

    /// Turns what the engine received into a [`Packet`]. `None`: malformed for its codec.
    pub(crate) fn receive(
        &mut self,
        track: TrackId,
        rtp: ReceivedRtp,
        clock: &mut CaptureClock,
    ) -> Option<Packet> {
        let mut facts = facts::read(rtp.codec, &rtp.payload, rtp.time, &mut self.parameter_sets)?;
        let descriptor = match self.read_descriptor(rtp.codec, rtp.descriptor)? {
            None => None,
            Some(Reading { descriptor, sizes }) => {
                facts.placement = placement(&descriptor);
                // The payload tells the largest only.
                facts.sizes = sizes.or(facts.sizes);
                Some(Arc::new(descriptor))
            }
        };
        let sizes = facts.sizes.or(self.sizes);
        self.has_changed |= self.codec != Some(rtp.codec)
            || self.sizes != sizes
            || !self.is_flowing(rtp.received_at);
        if let Some(placement) = facts.placement {
            self.has_changed |= self.layers.hear(placement.layer, rtp.received_at);
        }
        self.codec = Some(rtp.codec);
        self.sizes = sizes;
        self.packets += 1;
        self.bytes += rtp.payload.len() as u64;
        self.last_packet_at = Some(rtp.received_at);
        if facts.starts_keyframe && rtp.codec.kind() == MediaKind::Video {
            self.keyframe_requests.keyframe_arrived();
        }
        let sample = Sample {
            time: rtp.time,
            clock_rate: rtp.codec.clock_rate(),
            report: rtp.sender_report,
            received_at: rtp.received_at,
        };
        let captured_at = clock.captured_at(&mut self.clock, sample);
        Some(Packet {
            track,
            encoding: self.id,
            layer: Layer {
                spatial: self.rank,
                temporal: facts.placement.map_or(0, |p| p.layer.temporal),
            },
            codec: rtp.codec,
            sequence: rtp.sequence,
            time: rtp.time,
            captured_at,
            received_at: rtp.received_at,
            capture_age: None,
            marker: rtp.marker,
            facts,
            descriptor,
            extensions: rtp.extensions,
            payload: rtp.payload,
        })
    }

    /// The descriptor of a codec whose payload does not tell layers. VP8 and VP9 tell them, to every receiver: they need none.
    /// The outer `None` is a malformed one.
    #[expect(clippy::option_option, reason = "malformed and absent are two answers")]
    fn read_descriptor(
        &mut self,
        codec: Codec,
        bytes: Option<Arc<DescriptorBytes>>,
    ) -> Option<Option<Reading>> {
        match (codec, bytes) {
            (Codec::Av1 { .. } | Codec::H264 { .. }, Some(bytes)) => {
                self.dependencies.read(bytes).map(Some)
            }
            _ => Some(None),
        }
    }

    /// True while packets arrive.
    pub(crate) fn is_flowing(&self, now: Instant) -> bool {
        self.last_packet_at
            .is_some_and(|last| now - last < ENCODING_SILENCE)
    }

    /// When [`Self::is_flowing`] turns false, if nothing arrives before.
    pub(crate) fn silent_from(&self) -> Option<Instant> {
        self.last_packet_at.map(|last| last + ENCODING_SILENCE)
    }
}

/// Where a descriptor places its packet. Whether a decoder can follow from there is for its references to say.
fn placement(descriptor: &Descriptor) -> Option<Placement> {
    let frame = descriptor.frame.as_ref()?;
    Some(Placement {
        layer: frame.layer,
        begins_frame: descriptor.begins_frame,
        ends_frame: descriptor.ends_frame,
        is_switching_point: false,
        is_inter_predicted: frame.references.iter().next().is_some(),
    })
}
