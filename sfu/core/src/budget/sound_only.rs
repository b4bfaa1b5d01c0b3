//! Whether there is room for any picture. The smallest encoding in a path that carries less of it fills the path's queue for
//! ever: no picture is ever whole, and sound, which needs a tenth of it, is lost and late with it. Sound comes first: where
//! the least of the pictures does not fit for long, none is sent until a probe has shown that it does.

use std::time::Duration;

use sfu_model::rate::Bitrate;
use sfu_model::time::Instant;

/// Pictures end when the path carries less than this share of the least of them: an estimate that wavers around what they cost,
/// or drains a queue that a burst of others has left, comes back by itself.
const SHORT: f64 = 0.8;
/// And has for this long: congestion control drains a queue within two seconds, and gives up to half of what the path carries
/// for that.
const AFTER: Duration = Duration::from_secs(2);
/// A queue of which at most this is left after that time drains, though the least of the pictures is sent: they fit, and what is
/// given up for the queue comes back once it is gone.
const DRAINS: f64 = 0.75;
/// They come back when it carries this much of them: more than what made them end, so that they do not flap.
const ENOUGH: f64 = 1.05;
/// How long pictures are not tried again at first: the queue that they have left drains, and what the path carries is known
/// again.
const WAIT_MIN: Duration = Duration::from_secs(2);
/// A return that fails doubles the wait, up to this: each costs the viewer two seconds of bad sound.
const WAIT_MAX: Duration = Duration::from_secs(32);
/// Pictures that end this soon after they came back say that the return has failed: the fall to the smallest, and [`AFTER`],
/// are part of it.
const FAILED_WITHIN: Duration = Duration::from_secs(12);

/// Decides for one subscription.
#[derive(Clone, Debug)]
pub(crate) struct SoundOnly {
    state: State,
    wait: Duration,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Pictures {
        /// Since when there has not been room for the least of them, and what stood then.
        short_since: Option<(Instant, Duration)>,
        /// When they came back, if they ever ended.
        back_at: Option<Instant>,
    },
    /// Nothing but sound, and until then nothing else is tried.
    Sound { until: Instant },
}

/// What a path has for the least of the pictures.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    /// What is left for pictures.
    pub(crate) left: Bitrate,
    /// What the least of them costs, if that is known.
    pub(crate) least: Option<Bitrate>,
    /// What stands on the path.
    pub(crate) queue: Duration,
    /// The path is measured: what is left is neither a guess nor a silence.
    pub(crate) is_measured: bool,
}

impl Room {
    fn is_short(self) -> bool {
        let least = self.least.filter(|_| self.is_measured);
        least.is_some_and(|least| self.left < least.scaled(SHORT))
    }

    fn is_enough(self) -> bool {
        let least = self.least.map(|least| least.scaled(ENOUGH));
        least.is_some_and(|least| self.left >= least)
    }
}

impl Default for SoundOnly {
    fn default() -> Self {
        Self {
            state: State::Pictures {
                short_since: None,
                back_at: None,
            },
            wait: WAIT_MIN,
        }
    }
}

impl SoundOnly {
    /// True: nothing but sound is sent from here on.
    pub(crate) fn decide(&mut self, room: Room, now: Instant) -> bool {
        self.state = match self.state {
            State::Pictures { back_at, .. } if !room.is_short() => State::Pictures {
                short_since: None,
                back_at,
            },
            State::Pictures {
                short_since,
                back_at,
            } => {
                let (since, stood) = short_since.unwrap_or((now, room.queue));
                let short_since = Some((since, stood));
                if now - since < AFTER {
                    State::Pictures {
                        short_since,
                        back_at,
                    }
                } else if room.queue < stood.mul_f64(DRAINS) {
                    State::Pictures {
                        short_since: Some((now, room.queue)),
                        back_at,
                    }
                } else {
                    self.end(back_at, now)
                }
            }
            State::Sound { until } if now >= until && room.is_enough() => State::Pictures {
                short_since: None,
                back_at: Some(now),
            },
            sound @ State::Sound { .. } => sound,
        };
        self.is_on()
    }

    /// The path is not estimated any more: nothing says that there is no room.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }

    pub(crate) const fn is_on(&self) -> bool {
        matches!(self.state, State::Sound { .. })
    }

    /// What pictures have to cost for a probe to look for room for them; zero while none is looked for.
    pub(crate) fn next_up(&self, room: Room, now: Instant) -> Bitrate {
        let is_waiting = matches!(self.state, State::Sound { until } if now < until);
        let least = room.least.filter(|_| !is_waiting);
        least.map_or(Bitrate::ZERO, |least| least.scaled(ENOUGH))
    }

    fn end(&mut self, back_at: Option<Instant>, now: Instant) -> State {
        let failed = back_at.is_some_and(|at| now - at < FAILED_WITHIN);
        self.wait = if failed {
            (self.wait * 2).min(WAIT_MAX)
        } else {
            WAIT_MIN
        };
        State::Sound {
            until: now + self.wait,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(kbps: u64) -> Room {
        Room {
            left: Bitrate::from_kbps(kbps),
            least: Some(Bitrate::from_kbps(200)),
            queue: Duration::ZERO,
            is_measured: true,
        }
    }

    fn at(ms: u64) -> Instant {
        Instant::START + Duration::from_millis(ms)
    }

    #[test]
    fn pictures_end_when_the_least_of_them_has_not_fitted_for_two_seconds() {
        let mut sound_only = SoundOnly::default();
        for (ms, kbps, expected) in [
            (0, 159, false),
            (1_900, 159, false),
            (1_950, 160, false),
            (2_000, 159, false),
            (3_999, 159, false),
            (4_000, 159, true),
            (5_999, 1_000, true),
            (6_000, 209, true),
            (6_100, 210, false),
        ] {
            assert_eq!(sound_only.decide(room(kbps), at(ms)), expected, "{ms} ms");
        }
    }

    #[test]
    fn pictures_stay_while_a_queue_drains() {
        let of = |ms| Room {
            queue: Duration::from_millis(ms),
            ..room(100)
        };
        for (left_ms, ends) in [(749, false), (750, true), (1_500, true)] {
            let mut sound_only = SoundOnly::default();
            sound_only.decide(of(1_000), at(0));
            assert_eq!(sound_only.decide(of(left_ms), at(2_000)), ends, "{left_ms}");
            assert!(sound_only.decide(of(left_ms), at(4_000)));
        }
    }

    #[test]
    fn what_is_not_known_ends_no_picture() {
        let guessed = Room {
            is_measured: false,
            ..room(10)
        };
        let unknown = Room {
            least: None,
            ..room(10)
        };
        for room in [guessed, unknown] {
            let mut sound_only = SoundOnly::default();
            let mut ever = (0..100).map(|n| sound_only.decide(room, at(n * 100)));
            assert!(!ever.any(|is_on| is_on), "{room:?}");
        }
    }

    /// The waits of pictures that end `after_ms` after each return.
    fn waits(after_ms: u64) -> Vec<u64> {
        let (mut sound_only, mut ms, mut waits) = (SoundOnly::default(), 0, Vec::new());
        for _ in 0..7 {
            ms += after_ms;
            sound_only.decide(room(100), at(ms - 2_000));
            assert!(sound_only.decide(room(100), at(ms)));
            let ended = ms;
            assert_eq!(sound_only.next_up(room(100), at(ms)), Bitrate::ZERO);
            while sound_only.decide(room(500), at(ms)) {
                ms += 100;
            }
            waits.push((ms - ended) / 1_000);
        }
        waits
    }

    #[test]
    fn a_return_that_fails_doubles_the_wait() {
        assert_eq!(waits(5_000), [2, 4, 8, 16, 32, 32, 32]);
        assert_eq!(waits(12_000), [2; 7]);
    }

    #[test]
    fn room_is_looked_for_once_the_wait_is_over() {
        let mut sound_only = SoundOnly::default();
        sound_only.decide(room(100), at(0));
        assert!(sound_only.decide(room(100), at(2_000)));
        assert_eq!(sound_only.next_up(room(100), at(3_999)), Bitrate::ZERO);
        let wanted = sound_only.next_up(room(100), at(4_000));
        assert_eq!(wanted, Bitrate::from_kbps(210));
        sound_only.forget();
        assert!(!sound_only.is_on());
    }
}
