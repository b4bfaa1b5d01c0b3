//! One continuous sender: what a player receives has one SSRC, numbers without reuse, a timeline that moves as capture
//! did, and VP8 counters that go on, whatever encodings and publishers it is made of.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sfu_model::codec::{ClockRate, MediaKind};

use crate::viewer::Received;

/// What is tolerated.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Sequence numbers that never arrived.
    pub missing_max: u64,
    /// The first packets may have been lost: a receiver knows of no gap before what it got first.
    pub may_miss_beginning: bool,
    /// How far the timeline may be from capture over a change of encoding or publisher: until the first sender report,
    /// capture is only known as arrival.
    pub switch_error_max: Duration,
}

impl Bounds {
    /// Nothing missing; a change of encoding is exact to a few frames.
    pub const STRICT: Self = Self {
        missing_max: 0,
        may_miss_beginning: false,
        switch_error_max: Duration::from_millis(100),
    };
}

/// What is wrong, and with which packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// Another SSRC than the first packet's.
    SenderChanged(Received),
    /// A number that another packet has.
    SequenceReused(Received),
    /// The player's first video packet is not the first of a keyframe.
    BeginsWithoutKeyframe(Received),
    /// Its time is before that of the packet before it.
    TimeWentBack(Received),
    /// Its time has moved more or less than capture did, by this many ticks.
    TimeMovedWrong(Received, i64),
    /// Two pictures share a timestamp.
    TimeShared(Received),
    /// A VP8 counter did not go on.
    CounterJumped(Received),
    /// A source's packets, which follow each other in it, do not here.
    NumbersDoNotMatch(Received),
    /// This many numbers never arrived.
    Missing(u64),
}

/// Looks at everything of one kind that a player received, in any order.
pub fn check(received: &[Received], bounds: Bounds) -> Result<(), Violation> {
    check_filled(received, &BTreeSet::new(), bounds)
}

/// The same where these numbers came without a packet of the stream.
pub fn check_filled(
    received: &[Received],
    filled: &BTreeSet<u64>,
    bounds: Bounds,
) -> Result<(), Violation> {
    if let Some(twice) = received.iter().find(|p| filled.contains(&p.sequence)) {
        return Err(Violation::SequenceReused(*twice));
    }
    let packets = in_order(received)?;
    check_beginning(&packets, bounds)?;
    let mut n_missing = 0;
    for pair in packets.windows(2) {
        let [before, packet] = pair else { continue };
        let between = before.sequence + 1..packet.sequence;
        let n_filled = filled.range(between.clone()).count() as u64;
        n_missing += between.end - between.start - n_filled;
        check_pair(before, packet, bounds)?;
    }
    if n_missing > bounds.missing_max {
        return Err(Violation::Missing(n_missing));
    }
    Ok(())
}

/// The same for what came of a publisher that counts and times its packets as it likes: one sender, whose numbers are not
/// used twice and whose time does not go back.
pub fn check_sender(received: &[Received], bounds: Bounds) -> Result<(), Violation> {
    let packets = in_order(received)?;
    check_beginning(&packets, bounds)?;
    let mut pairs = packets.windows(2);
    let went_back = pairs.find_map(|pair| match pair {
        [before, packet] if packet.time < before.time => Some(*packet),
        _ => None,
    });
    went_back.map_or(Ok(()), |packet| Err(Violation::TimeWentBack(packet)))
}

/// By number, each once.
fn in_order(received: &[Received]) -> Result<Vec<Received>, Violation> {
    let mut by_sequence: BTreeMap<u64, Received> = BTreeMap::new();
    for packet in received {
        let ssrc = received.first().map(|first| first.ssrc);
        if ssrc != Some(packet.ssrc) {
            return Err(Violation::SenderChanged(*packet));
        }
        if let Some(other) = by_sequence.insert(packet.sequence, *packet)
            && other.stamp != packet.stamp
        {
            return Err(Violation::SequenceReused(*packet));
        }
    }
    Ok(by_sequence.into_values().collect())
}

fn check_beginning(packets: &[Received], bounds: Bounds) -> Result<(), Violation> {
    let Some(first) = packets.first() else {
        return Ok(());
    };
    let begins_right =
        bounds.may_miss_beginning || first.stamp.is_keyframe && first.stamp.packet_index == 0;
    if first.stamp.kind == MediaKind::Video && !begins_right {
        return Err(Violation::BeginsWithoutKeyframe(*first));
    }
    Ok(())
}

fn check_pair(before: &Received, packet: &Received, bounds: Bounds) -> Result<(), Violation> {
    let ticks = packet.time.wrapping_sub(before.time).cast_signed();
    if ticks < 0 {
        return Err(Violation::TimeWentBack(*packet));
    }
    let is_same_source =
        before.stamp.publisher == packet.stamp.publisher && before.stamp.rank == packet.stamp.rank;
    let is_same_picture = is_same_source && before.stamp.captured_at == packet.stamp.captured_at;
    if ticks == 0 && !is_same_picture {
        return Err(Violation::TimeShared(*packet));
    }
    let clock = match packet.stamp.kind {
        MediaKind::Audio => ClockRate(48_000),
        MediaKind::Video => ClockRate(90_000),
    };
    let tolerance = if is_same_source {
        // Each end of the span is rounded to a tick.
        2
    } else {
        ticks_of(clock, bounds.switch_error_max)
    };
    let error = ticks - captured_between(clock, before, packet);
    if error.abs() > tolerance {
        return Err(Violation::TimeMovedWrong(*packet, error));
    }
    if is_same_source {
        check_numbers(before, packet)?;
    }
    check_counters(before, packet, is_same_source)
}

fn captured_between(clock: ClockRate, before: &Received, packet: &Received) -> i64 {
    let forward = packet.stamp.captured_at - before.stamp.captured_at;
    let back = before.stamp.captured_at - packet.stamp.captured_at;
    ticks_of(clock, forward) - ticks_of(clock, back)
}

fn ticks_of(clock: ClockRate, duration: Duration) -> i64 {
    clock.ticks_in_nanos(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX))
}

/// Inside a frame a source's packets have consecutive numbers, and so they must here.
fn check_numbers(before: &Received, packet: &Received) -> Result<(), Violation> {
    let is_same_frame = before.stamp.frame == packet.stamp.frame;
    let is_next_frame = before.stamp.frame + 1 == packet.stamp.frame;
    let distance_at_source = if is_same_frame {
        i64::from(packet.stamp.packet_index) - i64::from(before.stamp.packet_index)
    } else if is_next_frame {
        i64::from(before.stamp.n_packets) - i64::from(before.stamp.packet_index)
            + i64::from(packet.stamp.packet_index)
    } else {
        return Ok(());
    };
    let distance = packet.sequence.wrapping_sub(before.sequence).cast_signed();
    if distance == distance_at_source {
        Ok(())
    } else {
        Err(Violation::NumbersDoNotMatch(*packet))
    }
}

fn check_counters(
    before: &Received,
    packet: &Received,
    is_same_source: bool,
) -> Result<(), Violation> {
    let (Some(old), Some(new)) = (before.vp8, packet.vp8) else {
        return Ok(());
    };
    let n_pictures = match (old.picture_id, new.picture_id) {
        (Some(old), Some(new)) => new.wrapping_sub(old) & 0x7fff,
        _ => return Err(Violation::CounterJumped(*packet)),
    };
    let n_base = match (old.tl0_picture_index, new.tl0_picture_index) {
        (Some(old), Some(new)) => u16::from(new.wrapping_sub(old)),
        _ => return Err(Violation::CounterJumped(*packet)),
    };
    let n_frames = packet.stamp.frame.wrapping_sub(before.stamp.frame);
    let has_gap = packet.sequence != before.sequence + 1;
    let is_layered = packet.stamp.place.mode.is_layered();
    // All of another encoding may have been lost, which began with a keyframe, as this one did again.
    let may_have_left = has_gap && old.key_index != new.key_index;
    let is_right = if is_same_source && n_frames == 0 {
        n_pictures == 0 && n_base == 0 && old.key_index == new.key_index
    } else if is_same_source && may_have_left {
        (1..0x4000).contains(&n_pictures)
    } else if is_same_source && is_layered && has_gap {
        // How many of the pictures between were meant to pass nobody knows here.
        (1..=n_frames).contains(&u32::from(n_pictures)) && u32::from(n_base) <= n_frames
    } else if is_same_source && is_layered {
        // Pictures that were left out leave no gap.
        n_pictures == 1 && n_base == u16::from(packet.stamp.place.layer.temporal == 0)
    } else if is_same_source && !(has_gap && old.key_index != new.key_index) {
        u32::from(n_pictures) == n_frames & 0x7fff && u32::from(n_base) == n_frames & 0xff
    } else if has_gap {
        // Keyframes are among what is missing: the source may have been left, and returned to.
        (1..0x4000).contains(&n_pictures)
    } else {
        // A change of source: exactly the next picture, and another keyframe than the last.
        n_pictures == 1 && n_base == 1 && old.key_index != new.key_index
    };
    if is_right {
        Ok(())
    } else {
        Err(Violation::CounterJumped(*packet))
    }
}

#[cfg(test)]
mod tests;
