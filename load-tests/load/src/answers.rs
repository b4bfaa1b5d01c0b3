//! What a player tells the server, and when: as Chromium does.

use std::time::Duration;

use sfu_model::time::Instant;

use crate::arrival_report::ArrivalReport;
use crate::rtcp;
use crate::track::Track;

/// Between two reports of arrivals. libwebrtc takes from 50 to 250 ms, by the bitrate; 100 ms at 2 Mbit/s.
const ARRIVALS_INTERVAL: Duration = Duration::from_millis(100);

/// Between two receiver reports: libwebrtc's kDefaultVideoReportInterval.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// Between two keyframe requests of a player whose stream does not begin with a keyframe: the server hears two a second.
const KEYFRAME_INTERVAL: Duration = Duration::from_millis(500);

/// Who the reports are from. A player sends no media, so that nobody else can have it.
const SENDER_SSRC: u32 = 1;

/// RFC 7022 wants a name that tells nobody who sends; a generator's players are all the same.
const CNAME: &str = "load";

/// When a player answers.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    /// What came since the last report of arrivals.
    pub(crate) arrivals: ArrivalReport,
    /// Reports of arrivals so far.
    pub(crate) n_arrival_reports: u64,
    /// `None` before anything has come.
    report_at: Option<Instant>,
    arrivals_at: Option<Instant>,
}

impl Answers {
    /// Something came: from here on there is something to report.
    pub(crate) fn begin(&mut self, now: Instant) {
        self.report_at.get_or_insert(now + REPORT_INTERVAL);
        self.arrivals_at.get_or_insert(now + ARRIVALS_INTERVAL);
    }

    pub(crate) fn due_at(&self) -> Option<Instant> {
        let arrivals_at = self.arrivals_at.filter(|_| self.arrivals.has_arrivals());
        [self.report_at, arrivals_at].into_iter().flatten().min()
    }

    /// The packets that are due, unsealed.
    pub(crate) fn write(
        &mut self,
        now: Instant,
        audio: &mut Track,
        video: &mut Track,
    ) -> Vec<Vec<u8>> {
        let mut packets = Vec::new();
        if self.report_at.is_some_and(|at| at <= now) {
            self.report_at = Some(now + REPORT_INTERVAL);
            let receptions = [&mut *audio, &mut *video].into_iter();
            let blocks: Vec<_> = receptions
                .filter_map(|track| Some(track.reception.as_mut()?.report(now)))
                .collect();
            let mut report = Vec::new();
            rtcp::push_report(&mut report, SENDER_SSRC, &blocks, CNAME);
            packets.push(report);
        }
        // RFC 5506: feedback goes without a report in front of it. Every browser asks for that, and so do we.
        if self.arrivals_at.is_some_and(|at| at <= now) {
            self.arrivals_at = Some(now + ARRIVALS_INTERVAL);
            // Arrivals are the path's: any of its streams stands for all. Sound may be the first to come.
            let mut receptions = [&*video, &*audio].into_iter();
            let any = receptions.find_map(|track| Some(track.reception.as_ref()?.ssrc()));
            let mut arrivals = Vec::new();
            let between = (SENDER_SSRC, any.unwrap_or_default());
            self.arrivals.write(&mut arrivals, between);
            if !arrivals.is_empty() {
                self.n_arrival_reports += 1;
                packets.push(arrivals);
            }
        }
        let Some(media) = video.reception.as_ref().map(|reception| reception.ssrc()) else {
            return packets;
        };
        if video.keyframe_due_at.is_some_and(|at| at <= now) {
            video.keyframe_due_at = Some(now + KEYFRAME_INTERVAL);
            let mut request = Vec::new();
            rtcp::push_picture_loss(&mut request, (SENDER_SSRC, media));
            packets.push(request);
        }
        let lost = video.missing.due(now);
        if !lost.is_empty() {
            let mut nack = Vec::new();
            rtcp::push_nack(&mut nack, (SENDER_SSRC, media), &lost);
            packets.push(nack);
        }
        packets
    }
}
