//! H.264 NAL units in RTP (RFC 6184), to NAL units each after its length (ISO/IEC 14496-15 section 5.3).
//!
//! Parameter sets come in band, in an aggregate with the picture or in packets of their own, and go into the format. A
//! picture is of the format that its slices name.

use sfu_model::packet::Packet;

use super::chain::{Chain, Place};
use super::h264_parameter_sets::ParameterSets;
use super::whole::{Refusal, Whole};
use crate::bits::Bits;

/// Types of NAL units (H.264 table 7-1) and of RTP payloads (RFC 6184 table 1).
mod unit {
    pub(super) const SLICE: u8 = 1;
    pub(super) const PARTITION_A: u8 = 2;
    pub(super) const IDR_SLICE: u8 = 5;
    pub(super) const SPS: u8 = 7;
    pub(super) const PPS: u8 = 8;
    pub(super) const DELIMITER: u8 = 9;
    pub(super) const END_OF_SEQUENCE: u8 = 10;
    pub(super) const END_OF_STREAM: u8 = 11;
    pub(super) const FILLER: u8 = 12;
    pub(super) const SPS_EXTENSION: u8 = 13;
    pub(super) const STAP_A: u8 = 24;
    pub(super) const FU_A: u8 = 28;
    /// The low bits of the first octet.
    pub(super) const TYPE: u8 = 0x1f;
}

/// What lies before a fragment: the indicator and the header (RFC 6184 section 5.8).
const FU_BYTES: usize = 2;

/// How much of a slice is looked at: three Exp-Golomb numbers that are small in every picture that a browser sends.
const SLICE_HEAD_BYTES: usize = 16;

/// Reads one encoding's pictures.
#[derive(Debug, Default)]
pub(crate) struct H264 {
    chain: Chain,
    sets: ParameterSets,
}

/// What the units of one picture told so far.
#[derive(Debug, Default)]
struct Picture {
    has_slice: bool,
    is_idr: bool,
    /// The picture parameter set that its slices name.
    pps: Option<u32>,
    /// A fragmented unit that has not ended: where its length goes, and how much was gathered before it.
    fragment: Option<(Option<Place>, usize)>,
}

impl H264 {
    pub(super) fn frame(&mut self, packets: &[Packet]) -> Result<Whole, Refusal> {
        self.chain.clear();
        let mut picture = Picture::default();
        for (index, packet) in packets.iter().enumerate() {
            self.packet(index, &packet.payload, &mut picture)
                .ok_or(Refusal::Malformed)?;
        }
        if picture.fragment.is_some() {
            return Err(Refusal::CutShort);
        }
        if !picture.has_slice {
            return Err(Refusal::Empty);
        }
        let pps = picture.pps.ok_or(Refusal::Malformed)?;
        let told = packets.iter().find_map(|p| p.facts.sizes.largest());
        let format = self.sets.format(pps, told)?;
        let data = self.chain.gather(packets).ok_or(Refusal::Malformed)?;
        Ok(Whole {
            data,
            is_keyframe: picture.is_idr,
            format,
        })
    }

    fn packet(&mut self, index: usize, payload: &[u8], picture: &mut Picture) -> Option<()> {
        let first = *payload.first()?;
        match first & unit::TYPE {
            unit::FU_A => self.fragment(index, payload, picture),
            // A unit that began in fragments ends in one.
            _ if picture.fragment.is_some() => None,
            unit::STAP_A => {
                let mut at = 1;
                while let Some(length) = payload.get(at..at + 2) {
                    let [high, low] = length else { return None };
                    let length = usize::from(u16::from_be_bytes([*high, *low]));
                    at += 2;
                    self.unit(index, payload, at..at.checked_add(length)?, picture)?;
                    at += length;
                }
                (at == payload.len()).then_some(())
            }
            1..=23 => self.unit(index, payload, 0..payload.len(), picture),
            // STAP-B, MTAP and FU-B are of the interleaved mode (section 6.4), which is never agreed on.
            _ => None,
        }
    }

    /// A whole unit in a payload.
    fn unit(
        &mut self,
        index: usize,
        payload: &[u8],
        range: std::ops::Range<usize>,
        picture: &mut Picture,
    ) -> Option<()> {
        let bytes = payload.get(range.clone())?;
        let kind = *bytes.first()? & unit::TYPE;
        match kind {
            unit::SPS => self.sets.insert_sps(bytes),
            unit::PPS => self.sets.insert_pps(bytes),
            kind if is_left_out(kind) => {}
            _ => {
                let length = u32::try_from(bytes.len()).ok()?;
                self.chain.written(&length.to_be_bytes());
                self.chain.payload(index, range.start, range.end);
                picture.note(kind, bytes.get(1..)?);
            }
        }
        Some(())
    }

    /// A part of a unit (RFC 6184 section 5.8). Its header is made of the indicator's high bits and the type.
    fn fragment(&mut self, index: usize, payload: &[u8], picture: &mut Picture) -> Option<()> {
        let [indicator, header, body @ ..] = payload else {
            return None;
        };
        let (begins, ends) = (header & 0x80 != 0, header & 0x40 != 0);
        let kind = header & unit::TYPE;
        // A parameter set has some tens of bytes: nobody fragments one.
        let is_left_out = is_left_out(kind) || matches!(kind, unit::SPS | unit::PPS);
        if begins {
            if picture.fragment.is_some() {
                return None;
            }
            let place = (!is_left_out).then(|| self.chain.place());
            picture.fragment = Some((place, self.chain.len()));
            if !is_left_out {
                self.chain.written(&[(indicator & !unit::TYPE) | kind]);
                picture.note(kind, body);
            }
        }
        let (place, before) = picture.fragment?;
        if place.is_some() {
            self.chain.payload(index, FU_BYTES, payload.len());
        }
        if ends {
            if let Some(place) = place {
                let length = u32::try_from(self.chain.len().checked_sub(before)?).ok()?;
                self.chain.fill(place, &length.to_be_bytes());
            }
            picture.fragment = None;
        }
        Some(())
    }
}

impl Picture {
    /// A unit that stays in the sample; `body` is what follows its first octet.
    fn note(&mut self, kind: u8, body: &[u8]) {
        if !is_slice(kind) {
            return;
        }
        self.has_slice = true;
        self.is_idr |= kind == unit::IDR_SLICE;
        self.pps = self.pps.or_else(|| SliceHead::read(body).map(|s| s.pps));
    }
}

/// Parameter sets stand in the format; the rest means nothing in a file (ISO/IEC 14496-15 section 5.3.2) or to a player.
const fn is_left_out(kind: u8) -> bool {
    matches!(
        kind,
        unit::DELIMITER
            | unit::END_OF_SEQUENCE
            | unit::END_OF_STREAM
            | unit::FILLER
            | unit::SPS_EXTENSION
    )
}

const fn is_slice(kind: u8) -> bool {
    matches!(kind, unit::SLICE | unit::PARTITION_A | unit::IDR_SLICE)
}

/// How a slice begins (H.264 section 7.3.3).
struct SliceHead {
    kind: u32,
    pps: u32,
}

impl SliceHead {
    fn read(body: &[u8]) -> Option<Self> {
        let mut bits = Bits::new(body.get(..SLICE_HEAD_BYTES).unwrap_or(body));
        bits.exp_golomb()?; // first_mb_in_slice
        Some(Self {
            kind: bits.exp_golomb()?,
            pps: bits.exp_golomb()?,
        })
    }
}

/// The first macroblock of a picture is in this payload (first_mb_in_slice is zero: a single one, H.264 section 9.1).
pub(super) fn begins_picture(payload: &[u8]) -> bool {
    let begins = |first: u8, body: &[u8]| {
        is_slice(first & unit::TYPE) && body.first().is_some_and(|byte| byte & 0x80 != 0)
    };
    match payload {
        [first, header, body @ ..] if first & unit::TYPE == unit::FU_A => {
            header & 0x80 != 0 && begins(*header, body)
        }
        [first, units @ ..] if first & unit::TYPE == unit::STAP_A => {
            let mut rest = units;
            while let [high, low, tail @ ..] = rest {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                let (unit, after) = tail.split_at(length.min(tail.len()));
                if let [first, body @ ..] = unit
                    && begins(*first, body)
                {
                    return true;
                }
                rest = after;
            }
            false
        }
        [first, body @ ..] => begins(*first, body),
        [] => false,
    }
}

/// The first slice in this payload is a B slice (H.264 table 7-6: 1 and 6).
pub(super) fn is_bidirectional(payload: &[u8]) -> bool {
    let is_b = |first: u8, body: &[u8]| {
        let is_slice = is_slice(first & unit::TYPE);
        is_slice && SliceHead::read(body).is_some_and(|head| head.kind % 5 == 1)
    };
    match payload {
        [first, header, body @ ..] if first & unit::TYPE == unit::FU_A => {
            header & 0x80 != 0 && is_b(*header, body)
        }
        [first, _, _, unit, body @ ..] if first & unit::TYPE == unit::STAP_A => is_b(*unit, body),
        [first, body @ ..] => is_b(*first, body),
        [] => false,
    }
}
