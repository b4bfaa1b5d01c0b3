//! What a player writes to a server: reports and feedback (RFC 3550, RFC 4585).

/// Packet types (RFC 3550 section 12.1, RFC 4585 section 6.1).
const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
const TRANSPORT_FEEDBACK: u8 = 205;
const PAYLOAD_FEEDBACK: u8 = 206;

/// Formats of transport feedback: a list of lost packets (RFC 4585 section 6.2.1), arrival times
/// (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1).
const GENERIC_NACK: u8 = 1;
pub(crate) const TRANSPORT_WIDE: u8 = 15;

/// Format of payload feedback: a picture is lost (RFC 4585 section 6.3.1).
const PICTURE_LOSS: u8 = 1;

/// SDES item (RFC 3550 section 6.5.1).
const CNAME: u8 = 1;

/// What a report says of one stream (RFC 3550 section 6.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReportBlock {
    /// Whose.
    pub ssrc: u32,
    /// Since the last report, in 256ths.
    pub fraction_lost: u8,
    /// Since the beginning; 24 bits with a sign go on the wire.
    pub n_lost: i32,
    /// With its roll-overs.
    pub highest_sequence: u32,
    /// In ticks of the stream's clock.
    pub jitter: u32,
    /// The middle bits of the last sender report's NTP time; 0 without one.
    pub last_sender_report: u32,
    /// Since it came, in 65,536ths of a second.
    pub delay_since: u32,
}

/// Writes one packet: the header, then what `body` appends.
pub(crate) fn push(out: &mut Vec<u8>, kind: u8, count: u8, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend([0x80 | count, kind, 0, 0]);
    body(out);
    while !(out.len() - start).is_multiple_of(4) {
        out.push(0);
    }
    let n_words = u16::try_from((out.len() - start) / 4 - 1).unwrap_or(u16::MAX);
    if let Some(length) = out.get_mut(start + 2..start + 4) {
        length.copy_from_slice(&n_words.to_be_bytes());
    }
}

/// Writes a packet of transport feedback.
pub(crate) fn push_feedback(
    out: &mut Vec<u8>,
    format: u8,
    (sender, media): (u32, u32),
    body: impl FnOnce(&mut Vec<u8>),
) {
    push(out, TRANSPORT_FEEDBACK, format, |out| {
        out.extend(sender.to_be_bytes());
        out.extend(media.to_be_bytes());
        body(out);
    });
}

/// A receiver report, and who it is from: what every compound packet begins with (RFC 3550 section 6.1).
pub fn push_report(out: &mut Vec<u8>, sender: u32, blocks: &[ReportBlock], cname: &str) {
    let n_blocks = u8::try_from(blocks.len()).unwrap_or(0);
    push(out, RECEIVER_REPORT, n_blocks, |out| {
        out.extend(sender.to_be_bytes());
        for block in blocks.iter().take(usize::from(n_blocks)) {
            let [_, l2, l1, l0] = block.n_lost.clamp(-0x80_0000, 0x7f_ffff).to_be_bytes();
            out.extend(block.ssrc.to_be_bytes());
            out.extend([block.fraction_lost, l2, l1, l0]);
            out.extend(block.highest_sequence.to_be_bytes());
            out.extend(block.jitter.to_be_bytes());
            out.extend(block.last_sender_report.to_be_bytes());
            out.extend(block.delay_since.to_be_bytes());
        }
    });
    push(out, SOURCE_DESCRIPTION, 1, |out| {
        out.extend(sender.to_be_bytes());
        out.extend([CNAME, u8::try_from(cname.len()).unwrap_or(0)]);
        out.extend(cname.bytes());
        // RFC 3550 section 6.5: a null octet ends the list, also where it would fill a word by itself.
        out.push(0);
    });
}

/// A list of lost packets, in ascending order.
pub fn push_nack(out: &mut Vec<u8>, between: (u32, u32), lost: &[u16]) {
    push_feedback(out, GENERIC_NACK, between, |out| {
        let mut rest = lost.iter().copied().peekable();
        while let Some(first) = rest.next() {
            let mut following = 0_u16;
            while let Some(bit) = rest
                .peek()
                .and_then(|next| next.wrapping_sub(first).checked_sub(1))
                .filter(|bit| *bit < 16)
            {
                following |= 1 << bit;
                rest.next();
            }
            out.extend(first.to_be_bytes());
            out.extend(following.to_be_bytes());
        }
    });
}

/// A keyframe request.
pub fn push_picture_loss(out: &mut Vec<u8>, (sender, media): (u32, u32)) {
    push(out, PAYLOAD_FEEDBACK, PICTURE_LOSS, |out| {
        out.extend(sender.to_be_bytes());
        out.extend(media.to_be_bytes());
    });
}

/// The sender reports of a compound packet: whose, and the middle bits of the NTP time.
pub fn sender_reports(compound: &[u8]) -> impl Iterator<Item = (u32, u32)> {
    let mut rest = compound;
    std::iter::from_fn(move || {
        loop {
            let [_, kind, l1, l0, ..] = *rest else {
                return None;
            };
            let n_bytes = 4 * (usize::from(u16::from_be_bytes([l1, l0])) + 1);
            let (packet, after) = rest.split_at_checked(n_bytes)?;
            rest = after;
            if kind != SENDER_REPORT {
                continue;
            }
            let ssrc = u32::from_be_bytes(*packet.get(4..)?.first_chunk()?);
            let middle = u32::from_be_bytes(*packet.get(10..)?.first_chunk()?);
            return Some((ssrc, middle));
        }
    })
}

#[cfg(test)]
mod tests {
    use webrtc_srtp::context::Context;
    use webrtc_srtp::protection_profile::ProtectionProfile;

    use super::*;

    #[test]
    fn a_report_is_laid_out_as_the_rfc_says() {
        let block = ReportBlock {
            ssrc: 7,
            fraction_lost: 128,
            n_lost: -1,
            highest_sequence: 0x1_0005,
            jitter: 3,
            last_sender_report: 0x0102_0304,
            delay_since: 65_536,
        };
        let mut out = Vec::new();
        push_report(&mut out, 9, &[block], "ab");
        #[rustfmt::skip]
        let expected = [
            0x81, 201, 0, 7, 0, 0, 0, 9,
            0, 0, 0, 7, 128, 0xff, 0xff, 0xff, 0, 1, 0, 5, 0, 0, 0, 3, 1, 2, 3, 4, 0, 1, 0, 0,
            0x81, 202, 0, 3, 0, 0, 0, 9, 1, 2, b'a', b'b', 0, 0, 0, 0,
        ];
        assert_eq!(out, expected);
    }

    #[test]
    fn lost_packets_share_an_entry_within_seventeen() {
        let mut out = Vec::new();
        push_nack(&mut out, (9, 7), &[0xfffe, 0xffff, 0x0e, 0x0f, 0x30]);
        #[rustfmt::skip]
        let expected = [
            0x81, 205, 0, 5, 0, 0, 0, 9, 0, 0, 0, 7,
            0xff, 0xfe, 0x80, 0x01, 0, 0x0f, 0, 0, 0, 0x30, 0, 0,
        ];
        assert_eq!(out, expected);
    }

    #[test]
    fn a_keyframe_request_names_the_picture_s_stream() {
        let mut out = Vec::new();
        push_picture_loss(&mut out, (9, 7));
        assert_eq!(out, [0x81, 206, 0, 2, 0, 0, 0, 9, 0, 0, 0, 7]);
    }

    #[test]
    fn sender_reports_are_found_among_others() {
        let mut compound = Vec::new();
        push_report(&mut compound, 1, &[], "x");
        push(&mut compound, SENDER_REPORT, 0, |out| {
            out.extend([0, 0, 0, 5, 1, 2, 3, 4, 5, 6, 7, 8]);
            out.extend([0; 12]);
        });
        let found: Vec<_> = sender_reports(&compound).collect();
        assert_eq!(found, [(5, 0x0304_0506)]);
        for n in 0..compound.len() {
            assert_eq!(sender_reports(&compound[..n]).count(), 0, "cut at {n}");
        }
    }

    #[test]
    fn what_is_written_can_be_sealed() {
        let mut out = Vec::new();
        push_report(&mut out, 9, &[], "viewer");
        push_nack(&mut out, (9, 7), &[1]);
        let profile = ProtectionProfile::AeadAes128Gcm;
        let mut context = Context::new(&[1; 16], &[2; 12], profile, None, None).unwrap();
        let sealed = context.encrypt_rtcp(&out).unwrap();
        assert_eq!(*context.decrypt_rtcp(&sealed).unwrap(), out);
    }
}
