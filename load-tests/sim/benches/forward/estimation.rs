//! What it costs to follow the paths of a hundred viewers, for each packet that is sent to one: the record of what was sent, the
//! reading of transport-wide feedback, and the estimate that follows from both. To open the feedback is not in it: that is
//! sealed as every report is.

use std::time::Duration;

use sfu_core::budget::arrival::Arrival;
use sfu_core::budget::estimate::Estimator;
use sfu_core::rtcp::{Arrivals, Compound, Feedback, write_transport_feedback};
use sfu_model::rtp::Ssrc;
use sfu_model::time::Instant;

use crate::BenchError;
use crate::cost::{Began, Cost};

/// Packets of a picture, 25 times a second: 2.2 Mbit/s.
const PICTURE_PACKETS: u16 = 9;
const PICTURE_INTERVAL: Duration = Duration::from_millis(40);

/// Bytes of a packet above UDP.
const PACKET_BYTES: usize = 1_228;

/// How often a browser answers (libwebrtc's least interval of transport-wide feedback).
const FEEDBACK_INTERVAL: Duration = Duration::from_millis(50);

/// From here to a viewer, and between two packets at its end: 20 Mbit/s. In the ticks of feedback, 250 us.
const DELAY_TICKS: i64 = 80;
const SPACING_TICKS: i64 = 2;

/// One packet in so many is lost.
const LOST_EVERY: u64 = 97;

/// Viewers whose paths are followed.
pub(crate) struct Paths {
    viewers: Vec<Viewer>,
    now: Instant,
    next_picture: Instant,
    next_feedback: Instant,
}

#[derive(Default)]
struct Viewer {
    estimator: Estimator,
    /// Reference time of the last feedback.
    reference: Option<i64>,
    /// The first number that was not reported on, and the arrivals from there on.
    base: u16,
    arrivals: Vec<Option<i64>>,
    n_sent: u64,
    n_feedback: u8,
    /// The next feedback packet.
    feedback: Vec<u8>,
}

impl Paths {
    /// Paths of which nothing is known.
    pub(crate) fn new(n_viewers: usize) -> Self {
        Self {
            viewers: (0..n_viewers).map(|_| Viewer::default()).collect(),
            now: Instant::START,
            next_picture: Instant::START,
            next_feedback: Instant::START + FEEDBACK_INTERVAL,
        }
    }

    /// Sends every viewer so many pictures, and hears what each says of them.
    pub(crate) fn round(&mut self, n_pictures: usize) -> Result<Cost, BenchError> {
        let mut cost = Cost::default();
        let mut n_sent = 0;
        while n_sent < n_pictures {
            self.now = self.next_picture.min(self.next_feedback);
            if self.next_picture <= self.now {
                self.next_picture += PICTURE_INTERVAL;
                n_sent += 1;
                cost.add(self.send_picture()?);
            } else {
                self.next_feedback += FEEDBACK_INTERVAL;
                cost.add(self.hear_feedback()?);
            }
        }
        Ok(cost)
    }

    /// True when each estimate has left where it began: feedback was understood.
    pub(crate) fn are_followed(&self) -> bool {
        let start = Estimator::default().estimate();
        let mut estimates = self.viewers.iter().map(|v| v.estimator.estimate());
        estimates.all(|estimate| estimate > start)
    }

    fn send_picture(&mut self) -> Result<Cost, BenchError> {
        let now = self.now;
        let began = Began::now()?;
        for viewer in &mut self.viewers {
            for _ in 0..PICTURE_PACKETS {
                std::hint::black_box(viewer.estimator.on_sent(PACKET_BYTES, now));
            }
            // What a subscriber's turn asks when it ends.
            std::hint::black_box(viewer.estimator.poll_timeout());
        }
        let n_packets = u64::from(PICTURE_PACKETS) * self.viewers.len() as u64;
        let cost = began.end(n_packets)?;
        for viewer in &mut self.viewers {
            viewer.arrive(now);
        }
        Ok(cost)
    }

    fn hear_feedback(&mut self) -> Result<Cost, BenchError> {
        for viewer in &mut self.viewers {
            viewer.write_feedback();
        }
        let began = Began::now()?;
        for viewer in &mut self.viewers {
            viewer.hear(self.now);
        }
        // Its packets were counted when they were sent.
        Ok(began.end(0)?)
    }
}

impl Viewer {
    /// The packets of a picture reach it, but for those that are lost.
    fn arrive(&mut self, sent_at: Instant) {
        let sent_ticks = i64::try_from(sent_at.as_nanos() / 250_000).unwrap_or(i64::MAX);
        for index in 0..i64::from(PICTURE_PACKETS) {
            self.n_sent += 1;
            let arrival = sent_ticks + DELAY_TICKS + index * SPACING_TICKS;
            let is_lost = self.n_sent.is_multiple_of(LOST_EVERY);
            self.arrivals.push((!is_lost).then_some(arrival));
        }
    }

    fn write_feedback(&mut self) {
        self.feedback.clear();
        let arrivals = Arrivals {
            base: self.base,
            feedback_count: self.n_feedback,
            ticks: &self.arrivals,
        };
        let n_told = write_transport_feedback(&mut self.feedback, Ssrc(1), Ssrc(2), arrivals);
        self.arrivals.drain(..n_told);
        self.base = self
            .base
            .wrapping_add(u16::try_from(n_told).unwrap_or(u16::MAX));
        self.n_feedback = self.n_feedback.wrapping_add(1);
    }

    fn hear(&mut self, now: Instant) {
        for statement in Compound::new(&self.feedback) {
            if let Ok(Feedback::TransportWide(report)) = statement {
                let reference = report.reference_ticks(self.reference);
                self.reference = Some(reference);
                let lines = report.packets(reference);
                let lines = lines.map(|(number, arrival)| (number, arrival.map(Arrival)));
                self.estimator.on_feedback(lines, now);
            }
        }
        std::hint::black_box(self.estimator.estimate());
    }
}
