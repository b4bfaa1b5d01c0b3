//! A player's screen: when a decoded picture is shown. A jitter buffer holds pictures back so far that late ones still come
//! in time, at the price of delay.

use std::collections::VecDeque;
use std::time::Duration;

use sfu_model::time::Instant;

use crate::decoder::Shown;

/// The longest that pictures are held back. What is later than this shows as a freeze: who watches live prefers that.
const DELAY_MAX: Duration = Duration::from_secs(1);

/// How long a late picture is remembered: the delay stays as large as the latest of these.
const MEMORY: Duration = Duration::from_secs(10);

/// By how much of the time that passes the delay falls once it may, as in libwebrtc: playing a tenth faster is not noticed.
const FALL: u32 = 10;

/// Shows pictures.
#[derive(Debug, Default)]
pub struct Screen {
    /// Every picture, when it was shown.
    pub shown: Vec<Shown>,
    /// The quickest picture's way from capture to decoder.
    quickest: Option<Duration>,
    delay: Duration,
    delayed_at: Option<Instant>,
    /// How late pictures were: each later than all after it.
    late: VecDeque<(Instant, Duration)>,
}

impl Screen {
    /// Takes a decoded picture. Its place on the timeline is its capture, which its RTP timestamp says as exactly:
    /// [`continuity`](crate::oracle::continuity) holds it to that.
    pub fn take(&mut self, picture: Shown) {
        let way = picture.at - picture.stamp.captured_at;
        let quickest = self.quickest.map_or(way, |quickest| quickest.min(way));
        self.quickest = Some(quickest);
        self.adapt(way - quickest, picture.at);
        let due = picture.stamp.captured_at + quickest + self.delay;
        let last = self.shown.last().map_or(due, |last| last.at);
        let at = due.max(picture.at).max(last);
        self.shown.push(Shown { at, ..picture });
    }

    /// How far pictures are held back.
    pub fn delay(&self) -> Duration {
        self.delay
    }

    fn adapt(&mut self, lateness: Duration, now: Instant) {
        while self.late.back().is_some_and(|(_, late)| *late <= lateness) {
            self.late.pop_back();
        }
        self.late.push_back((now, lateness));
        while self.late.front().is_some_and(|(at, _)| now - *at > MEMORY) {
            self.late.pop_front();
        }
        let target = self.late.front().map_or(Duration::ZERO, |(_, late)| *late);
        let passed = self.delayed_at.map_or(Duration::ZERO, |at| now - at);
        self.delayed_at = Some(now);
        let fallen = self.delay.saturating_sub(passed / FALL);
        self.delay = target.max(fallen).min(DELAY_MAX);
    }
}

#[cfg(test)]
mod tests {
    use sfu_model::codec::MediaKind;

    use super::*;
    use crate::layers::Place;
    use crate::stamp::Stamp;

    fn at(ms: u64) -> Instant {
        Instant::START + Duration::from_millis(ms)
    }

    fn picture(captured_ms: u64, way_ms: u64) -> Shown {
        Shown {
            at: at(captured_ms + way_ms),
            stamp: Stamp {
                publisher: 1,
                kind: MediaKind::Video,
                rank: 0,
                is_keyframe: false,
                frame: 0,
                place: Place::default(),
                packet_index: 0,
                n_packets: 1,
                captured_at: at(captured_ms),
            },
        }
    }

    #[test]
    fn a_second_late_picture_comes_in_time() {
        let mut screen = Screen::default();
        for n in 0..30 {
            let way = if n == 10 || n == 20 { 150 } else { 20 };
            screen.take(picture(n * 40, way));
        }
        let gap = |n: usize| screen.shown[n].at - screen.shown[n - 1].at;
        assert_eq!(gap(10), Duration::from_millis(170));
        assert_eq!(gap(11), Duration::from_millis(40));
        assert_eq!(gap(20), Duration::from_millis(40));
        assert_eq!(screen.delay(), Duration::from_millis(130));
    }

    #[test]
    fn the_delay_is_bounded_and_falls_again() {
        let mut screen = Screen::default();
        screen.take(picture(0, 20));
        screen.take(picture(40, 3_000));
        assert_eq!(screen.delay(), DELAY_MAX);
        for n in 80..700 {
            screen.take(picture(n * 40, 20));
        }
        assert_eq!(screen.delay(), Duration::ZERO);
        assert!(screen.shown.windows(2).all(|pair| pair[0].at <= pair[1].at));
    }
}
