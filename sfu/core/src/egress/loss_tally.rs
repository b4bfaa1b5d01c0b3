//! What reports say of loss, added up until it says something. A browser reports with every request for repairs, several times a
//! round trip where much is lost: one of three packets is a third, and means nothing.

/// So many packets say how many of a hundred are lost, roughly: libwebrtc hears no fewer.
pub(super) const PACKETS_MIN: u64 = 20;

/// Since it was last taken.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LossTally {
    n_packets: u64,
    /// How many of them are lost, in the parts of a packet that reports count in.
    lost_parts: u64,
}

impl LossTally {
    /// Of so many packets this is lost, of 256 (RFC 3550 section 6.4.1).
    pub(crate) fn add(&mut self, n_packets: u64, fraction_lost: u8) {
        self.n_packets = self.n_packets.saturating_add(n_packets);
        let lost = n_packets.saturating_mul(u64::from(fraction_lost));
        self.lost_parts = self.lost_parts.saturating_add(lost);
    }

    /// What is lost of all that was added, of 256, and from here on it counts anew; `None` while that is fewer packets.
    pub(crate) fn take(&mut self, n_packets_min: u64) -> Option<u8> {
        if self.n_packets < n_packets_min {
            return None;
        }
        let Self {
            n_packets,
            lost_parts,
        } = std::mem::take(self);
        u8::try_from(lost_parts.checked_div(n_packets)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_packets_say_nothing_until_there_are_enough_of_them() {
        let mut loss = LossTally::default();
        loss.add(3, 85);
        loss.add(16, 0);
        assert_eq!(loss.take(PACKETS_MIN), None);
        loss.add(1, 255);
        assert_eq!(loss.take(PACKETS_MIN), Some(25), "two of twenty");
        assert_eq!(loss.take(1), None, "it was taken");
        loss.add(0, 255);
        assert_eq!(loss.take(0), None, "of nothing nothing is lost");
        loss.add(u64::MAX, 255);
        loss.add(u64::MAX, 255);
        assert!(loss.take(PACKETS_MIN).is_some(), "whatever is claimed");
    }
}
