//! How many pictures a second a source has.

use std::time::Duration;

use sfu_model::time::Instant;

/// How long pictures are counted for one answer: five seconds are two segments, and a pause while somebody shares another
/// window is over.
const COUNTED_FOR: Duration = Duration::from_secs(5);

/// Fewer pictures a second than this are told, in thousandths: a part of half a second that ends before the picture that
/// would cross its end is long enough for players only if pictures are not further apart than 75 ms.
pub(crate) const MILLI_FPS_MIN: u32 = 13_300;

/// Counts pictures.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pace {
    since: Option<Instant>,
    n_pictures: u32,
}

impl Pace {
    /// A picture was captured then. Thousandths of a picture a second, once in a while, where they are too few.
    pub(crate) fn count(&mut self, at: Instant) -> Option<u32> {
        let since = *self.since.get_or_insert(at);
        let counted_for = at - since;
        if counted_for < COUNTED_FOR {
            self.n_pictures += 1;
            return None;
        }
        let millis = counted_for.as_millis().max(1);
        let milli_fps = u128::from(self.n_pictures) * 1_000_000 / millis;
        *self = Self {
            since: Some(at),
            n_pictures: 1,
        };
        let milli_fps = u32::try_from(milli_fps).unwrap_or(u32::MAX);
        (milli_fps < MILLI_FPS_MIN).then_some(milli_fps)
    }

    /// What was counted says nothing about what comes.
    pub(crate) fn restart(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(interval_ms: u64) -> Vec<u32> {
        let mut pace = Pace::default();
        let at = |ms| Instant::START + Duration::from_millis(ms);
        let times = (0..=11_000 / interval_ms).map(|n| at(n * interval_ms));
        times.filter_map(|time| pace.count(time)).collect()
    }

    #[test]
    fn one_picture_a_second_is_told_and_fifteen_are_not() {
        assert_eq!(told(1_000), [1_000, 1_000]);
        assert_eq!(told(66), [0; 0]);
        assert_eq!(told(100), [10_000, 10_000]);
    }
}
