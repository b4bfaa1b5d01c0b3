//! Which of an encoding's latest packets were left out, so that a packet that comes late still finds its number.

/// How many packets back that is known: as many as the room's cache keeps. What comes later than that is not sent.
const WINDOW: u64 = 2_048;
const WORD_BITS: u64 = 64;
const WORDS: usize = (WINDOW / WORD_BITS) as usize;

/// The packets that did not pass, among the last ones up to the newest.
#[derive(Clone, Debug)]
pub(crate) struct Skipped {
    newest: u64,
    /// Bit n modulo the window: packet n was left out.
    packets: [u64; WORDS],
    /// And it was the first of its picture that was.
    pictures: [u64; WORDS],
}

/// How many were left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) packets: u64,
    pub(crate) pictures: u64,
}

impl Skipped {
    pub(crate) const fn new(newest: u64) -> Self {
        Self {
            newest,
            packets: [0; WORDS],
            pictures: [0; WORDS],
        }
    }

    /// A newer packet passed.
    pub(crate) fn pass(&mut self, number: u64) {
        let n_new = number.saturating_sub(self.newest);
        for offset in 0..n_new.min(WINDOW) {
            let (word, bit) = place(number - offset);
            for marks in [&mut self.packets, &mut self.pictures] {
                if let Some(word) = marks.get_mut(word) {
                    *word &= !bit;
                }
            }
        }
        self.newest = self.newest.max(number);
    }

    /// A newer packet was left out.
    pub(crate) fn skip(&mut self, number: u64, is_new_picture: bool) {
        self.pass(number);
        let (word, bit) = place(number);
        if let Some(word) = self.packets.get_mut(word) {
            *word |= bit;
        }
        if let (true, Some(word)) = (is_new_picture, self.pictures.get_mut(word)) {
            *word |= bit;
        }
    }

    /// How many were left out after this one, counted by the word: each late packet of each subscriber asks. `None`: that is
    /// too long ago.
    pub(crate) fn since(&self, number: u64) -> Option<Count> {
        let n_after = self.newest.saturating_sub(number);
        if n_after >= WINDOW {
            return None;
        }
        let mut count = Count::default();
        let mut at = number.saturating_add(1);
        while at <= self.newest {
            let (word, bit) = place(at);
            let n_here = (WORD_BITS - at % WORD_BITS).min(self.newest - at + 1);
            let here = (u64::MAX >> (WORD_BITS - n_here)) * bit;
            let marked = |marks: &[u64; WORDS]| {
                let word = marks.get(word).copied().unwrap_or(0);
                u64::from((word & here).count_ones())
            };
            count.packets += marked(&self.packets);
            count.pictures += marked(&self.pictures);
            at += n_here;
        }
        Some(count)
    }
}

fn place(number: u64) -> (usize, u64) {
    let slot = number % WINDOW;
    // Below the number of words: it fits.
    ((slot / WORD_BITS) as usize, 1 << (slot % WORD_BITS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(packets: u64, pictures: u64) -> Option<Count> {
        Some(Count { packets, pictures })
    }

    #[test]
    fn what_was_left_out_after_a_packet_is_counted() {
        let mut skipped = Skipped::new(100);
        skipped.skip(101, true);
        skipped.skip(102, false);
        skipped.pass(104);
        skipped.skip(105, true);
        assert_eq!(skipped.since(105), count(0, 0));
        assert_eq!(skipped.since(104), count(1, 1));
        assert_eq!(skipped.since(101), count(2, 1));
        assert_eq!(skipped.since(100), count(3, 2));
    }

    #[test]
    fn every_distance_is_counted_as_if_one_by_one() {
        let mut skipped = Skipped::new(0);
        let is_left_out = |number: u64| number % 7 < 3 || number % 64 == 63;
        for number in 1..10_000 {
            if is_left_out(number) {
                skipped.skip(number, number % 2 == 0);
            } else {
                skipped.pass(number);
            }
        }
        for back in 0..WINDOW {
            let after = 9_999 - back + 1..=9_999;
            let packets = after.clone().filter(|n| is_left_out(*n)).count() as u64;
            let pictures = after.filter(|n| is_left_out(*n) && n % 2 == 0).count() as u64;
            assert_eq!(
                skipped.since(9_999 - back),
                count(packets, pictures),
                "{back}"
            );
        }
    }

    #[test]
    fn marks_are_forgotten_when_their_place_is_needed() {
        let mut skipped = Skipped::new(0);
        skipped.skip(1, true);
        skipped.pass(WINDOW);
        assert_eq!(skipped.since(1), count(0, 0));
        assert_eq!(skipped.since(0), None);
        skipped.pass(WINDOW + 1);
        assert_eq!(skipped.since(WINDOW), count(0, 0), "not the mark of 1");
        skipped.pass(1 << 40);
        assert_eq!(skipped.since(1 << 40), count(0, 0));
        assert_eq!(skipped.since((1 << 40) - WINDOW + 1), count(0, 0));
    }
}
