//! What a clear compound packet says, one statement after the other.

use sfu_model::rate::Bitrate;
use sfu_model::rtp::Ssrc;

use crate::rtcp::cursor::Cursor;
use crate::rtcp::keyframe_request::{FIR_FORMAT, PLI_FORMAT, read_fir_entry};
use crate::rtcp::nack::{self, NackIter};
use crate::rtcp::packet::{Malformed, Packet, SsrcIter, kind};
use crate::rtcp::remb;
use crate::rtcp::report::{ReportBlock, SenderReport};
use crate::rtcp::transport_feedback::{self, TransportFeedback};

/// One thing that the other side says.
#[derive(Clone, Debug)]
pub enum Feedback<'a> {
    /// How our packets arrive; one for each block.
    ReceiverReport(ReportBlock),
    /// What it has sent itself.
    SenderReport(SenderReport),
    /// These packets did not arrive.
    Nack {
        /// Whose.
        media: Ssrc,
        /// Their sequence numbers.
        packets: NackIter<'a>,
    },
    /// A keyframe is needed.
    Pli {
        /// Of this.
        media: Ssrc,
    },
    /// A keyframe is needed; one for each entry.
    Fir {
        /// Of this.
        media: Ssrc,
        /// A repetition of one request keeps its number.
        sequence: u8,
    },
    /// What the path carries, as the receiver sees it.
    Remb {
        /// All that it carries.
        bitrate: Bitrate,
        /// Whose packets it carries.
        ssrcs: SsrcIter<'a>,
    },
    /// When packets arrived.
    TransportWide(TransportFeedback<'a>),
    /// Senders that leave.
    Bye {
        /// Which.
        ssrcs: SsrcIter<'a>,
    },
    /// Something that means nothing here: source descriptions, extended reports (RFC 3611), other feedback.
    Other,
}

/// Reads a compound packet. Reduced-size ones (RFC 5506), which begin with no report, are taken too.
#[derive(Clone, Debug)]
pub struct Compound<'a> {
    rest: &'a [u8],
    /// Report blocks of the packet before `rest`, and how many are to come.
    blocks: Cursor<'a>,
    n_blocks: u8,
    /// What is left of the entries of a FIR.
    fir_entries: Cursor<'a>,
}

impl<'a> Compound<'a> {
    /// The clear bytes of one datagram.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            blocks: Cursor(&[]),
            n_blocks: 0,
            fir_entries: Cursor(&[]),
        }
    }

    /// The next statement; `None` from a packet that makes none.
    fn read(&mut self) -> Result<Option<Feedback<'a>>, Malformed> {
        if let Some(left) = self.n_blocks.checked_sub(1) {
            self.n_blocks = left;
            let block = ReportBlock::read(&mut self.blocks).ok_or(Malformed)?;
            return Ok(Some(Feedback::ReceiverReport(block)));
        }
        if !self.fir_entries.0.is_empty() {
            let entry = read_fir_entry(&mut self.fir_entries);
            let (media, sequence) = entry.ok_or(Malformed)?;
            return Ok(Some(Feedback::Fir { media, sequence }));
        }
        let (packet, rest) = Packet::split_first(self.rest)?;
        self.rest = rest;
        self.open(packet)
    }

    fn open(&mut self, packet: Packet<'a>) -> Result<Option<Feedback<'a>>, Malformed> {
        let mut body = packet.body;
        match packet.kind {
            kind::SENDER_REPORT => {
                let report = SenderReport::read(&mut body).ok_or(Malformed)?;
                (self.blocks, self.n_blocks) = (body, packet.count);
                Ok(Some(Feedback::SenderReport(report)))
            }
            kind::RECEIVER_REPORT => {
                let _reporter = body.u32().ok_or(Malformed)?;
                (self.blocks, self.n_blocks) = (body, packet.count);
                Ok(None)
            }
            kind::BYE => {
                let ssrcs = body.bytes(usize::from(packet.count) * 4).ok_or(Malformed)?;
                let ssrcs = SsrcIter(Cursor(ssrcs));
                Ok(Some(Feedback::Bye { ssrcs }))
            }
            kind::TRANSPORT_FEEDBACK => transport(packet).map(Some),
            kind::PAYLOAD_FEEDBACK => self.payload(packet),
            _ => Ok(Some(Feedback::Other)),
        }
    }

    fn payload(&mut self, packet: Packet<'a>) -> Result<Option<Feedback<'a>>, Malformed> {
        let (media, body) = media_of(packet)?;
        match packet.count {
            PLI_FORMAT => Ok(Some(Feedback::Pli { media })),
            FIR_FORMAT => {
                self.fir_entries = body;
                Ok(None)
            }
            remb::FORMAT => match remb::read(body) {
                None => Ok(Some(Feedback::Other)),
                Some(estimate) => {
                    let (bitrate, ssrcs) = estimate.ok_or(Malformed)?;
                    Ok(Some(Feedback::Remb { bitrate, ssrcs }))
                }
            },
            _ => Ok(Some(Feedback::Other)),
        }
    }
}

fn transport(packet: Packet<'_>) -> Result<Feedback<'_>, Malformed> {
    let (media, body) = media_of(packet)?;
    match packet.count {
        nack::FORMAT => Ok(Feedback::Nack {
            media,
            packets: NackIter::new(body),
        }),
        transport_feedback::FORMAT => TransportFeedback::read(body)
            .map(Feedback::TransportWide)
            .ok_or(Malformed),
        _ => Ok(Feedback::Other),
    }
}

/// What feedback is about, and the rest of it (RFC 4585 section 6.1).
fn media_of(packet: Packet<'_>) -> Result<(Ssrc, Cursor<'_>), Malformed> {
    let mut body = packet.body;
    let _reporter = body.u32().ok_or(Malformed)?;
    let media = body.u32().map(Ssrc).ok_or(Malformed)?;
    Ok((media, body))
}

impl<'a> Iterator for Compound<'a> {
    type Item = Result<Feedback<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        while !(self.rest.is_empty() && self.n_blocks == 0 && self.fir_entries.0.is_empty()) {
            match self.read() {
                Ok(None) => {}
                Ok(Some(feedback)) => return Some(Ok(feedback)),
                Err(malformed) => {
                    *self = Self::new(&[]);
                    return Some(Err(malformed));
                }
            }
        }
        None
    }
}
