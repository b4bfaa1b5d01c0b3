//! RTCP that was sealed with the right keys, by a client that lies.

use sfu_core::rtcp::{
    Compound, Feedback, TransportFeedback, write_nack, write_remb, write_sender_report,
};
use sfu_model::rtp::Ssrc;

/// Whoever writes what is read again.
const READER: Ssrc = Ssrc(1);

/// What a compound packet says costs as many steps as its bytes justify, stays inside what it claims, and nothing
/// follows what does not add up. What we can write ourselves is read again as it was.
pub fn rtcp_compound(bytes: &[u8]) {
    let mut n_steps = 0;
    let mut is_over = false;
    for statement in Compound::new(bytes) {
        assert!(!is_over, "something follows what does not add up");
        n_steps += match statement {
            Ok(feedback) => n_steps_of(feedback),
            Err(_malformed) => {
                is_over = true;
                1
            }
        };
    }
    // Seven packets of feedback for each byte of a symbol vector, and 1,024 for the runs of each whole feedback.
    let n_steps_max = 7 * bytes.len() + 1_024 * (bytes.len() / 24) + 1;
    assert!(n_steps <= n_steps_max, "{n_steps} steps");
}

fn n_steps_of(feedback: Feedback<'_>) -> usize {
    match feedback {
        Feedback::Nack { media, packets } => {
            let mut buffer = Vec::new();
            write_nack(&mut buffer, READER, media, packets.clone());
            let Some(Ok(Feedback::Nack { packets: again, .. })) = Compound::new(&buffer).next()
            else {
                unreachable!("a NACK is read as one")
            };
            assert!(
                numbers(again) == numbers(packets.clone()),
                "a NACK asks for others"
            );
            packets.count()
        }
        Feedback::Remb { bitrate, ssrcs } => {
            let mut buffer = Vec::new();
            write_remb(&mut buffer, READER, bitrate, &[]);
            let Some(Ok(Feedback::Remb { bitrate: again, .. })) = Compound::new(&buffer).next()
            else {
                unreachable!("an estimate is read as one")
            };
            assert!(again <= bitrate, "an estimate grew");
            ssrcs.count()
        }
        Feedback::SenderReport(report) => {
            let mut buffer = Vec::new();
            write_sender_report(&mut buffer, report, "");
            let again = Compound::new(&buffer).next();
            assert!(
                matches!(again, Some(Ok(Feedback::SenderReport(again))) if again == report),
                "a report changed"
            );
            1
        }
        Feedback::TransportWide(feedback) => n_steps_of_feedback(&feedback),
        Feedback::Bye { ssrcs } => ssrcs.count(),
        Feedback::ReceiverReport(_)
        | Feedback::Pli { .. }
        | Feedback::Fir { .. }
        | Feedback::Other => 1,
    }
}

fn n_steps_of_feedback(feedback: &TransportFeedback<'_>) -> usize {
    let mut last = None;
    let mut n_packets = 0;
    for (sequence, _) in feedback.packets(feedback.reference_ticks(None)) {
        let offset = sequence.wrapping_sub(feedback.base);
        assert!(offset < feedback.count, "outside of its count");
        assert!(last < Some(offset), "numbers go back");
        last = Some(offset);
        n_packets += 1;
    }
    n_packets
}

/// The numbers in order, each once: a NACK may ask twice.
fn numbers(packets: impl Iterator<Item = u16>) -> Vec<u16> {
    let mut packets: Vec<u16> = packets.collect();
    packets.sort_unstable();
    packets.dedup();
    packets
}
