//! A media playlist as text (draft-pantos-hls-rfc8216bis section 4.4): live with parts, or the DVR window without; whole, or
//! as a delta update.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use crate::part::{Part, PartIndex};
use crate::segment::{InitNumber, MediaSequenceNumber, Segment, SegmentHead};
use crate::utc::Utc;

use super::media::{Media, PART_TARGET_DURATIONS_LISTED, Upcoming};
use super::seconds::Seconds;
use super::skip::Skip;
use super::uri::{LIVE, MediaFile};

/// Version that `EXT-X-MAP` needs in a media playlist with other than I-frames (section 8).
const VERSION: u8 = 6;
/// Version that `EXT-X-SKIP` needs (section 8).
const VERSION_OF_DELTA: u8 = 9;

/// Bytes that a segment takes in a playlist, roughly: with its parts, and without.
const SEGMENT_BYTES: usize = 640;
const SEGMENT_BYTES_WITHOUT_PARTS: usize = 112;

impl Media {
    /// The live playlist: the last segments, the youngest with their parts, and the part that comes next.
    pub fn live(&self, skip: Skip) -> String {
        let listed = self.segments.get(self.live_from..).unwrap_or_default();
        let mut text = Text::new(self, listed, skip);
        text.out.reserve(listed.len() * SEGMENT_BYTES);
        text.head(true);
        text.segments(self.first_with_parts(listed));
        if let Some((head, parts)) = &self.open {
            text.segment_head(head);
            text.parts(head.number, parts);
        }
        if self.is_ended {
            text.out.push_str("#EXT-X-ENDLIST\n");
        } else {
            if let Upcoming::Anew(init) = self.upcoming {
                text.discontinuity();
                text.map(init);
            }
            if self.upcoming != Upcoming::Unknown {
                text.preload_hint();
            }
            text.reports();
        }
        text.out
    }

    /// The playlist of the whole DVR window: without parts, as nobody plays them there.
    pub fn dvr(&self, skip: Skip) -> String {
        let mut text = Text::new(self, &self.segments, skip);
        text.out
            .reserve(self.segments.len() * SEGMENT_BYTES_WITHOUT_PARTS);
        text.head(false);
        text.segments(self.segments.len());
        if self.is_ended {
            text.out.push_str("#EXT-X-ENDLIST\n");
        }
        text.out
    }

    /// Index of the first segment that is listed with its parts: all of them are within so many target durations of the end
    /// (section 6.2.2).
    fn first_with_parts(&self, listed: &[Arc<Segment>]) -> usize {
        let target = u64::from(self.server_control.target_duration_s);
        let reach = Duration::from_secs(target) * PART_TARGET_DURATIONS_LISTED;
        let open = self.open.as_ref().map(|(_, parts)| parts.iter());
        let mut age: Duration = open.into_iter().flatten().map(|part| part.duration).sum();
        let mut first = listed.len();
        for segment in listed.iter().rev() {
            age += segment.duration;
            if age > reach {
                break;
            }
            first -= 1;
        }
        first
    }
}

/// A playlist that is being written.
struct Text<'m> {
    media: &'m Media,
    listed: &'m [Arc<Segment>],
    /// How many of `listed` are left out of a delta update.
    skipped: usize,
    skip: Skip,
    /// The init section that applies where the text is.
    init: Option<InitNumber>,
    out: String,
}

impl<'m> Text<'m> {
    fn new(media: &'m Media, listed: &'m [Arc<Segment>], skip: Skip) -> Self {
        let skipped = match skip {
            Skip::No => 0,
            Skip::Yes | Skip::V2 if media.is_ended => 0,
            Skip::Yes | Skip::V2 => n_skippable(listed, media.server_control.can_skip_until),
        };
        Self {
            media,
            listed,
            skipped,
            skip,
            init: None,
            out: String::with_capacity(SEGMENT_BYTES),
        }
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // A `String` takes all that is written to it.
        let _ = self.out.write_fmt(line);
        self.out.push('\n');
    }

    fn head(&mut self, with_parts: bool) {
        let promises = self.media.server_control;
        let is_delta = self.skipped > 0;
        let version = if is_delta { VERSION_OF_DELTA } else { VERSION };
        self.line(format_args!("#EXTM3U\n#EXT-X-VERSION:{version}"));
        let target = promises.target_duration_s;
        self.line(format_args!("#EXT-X-TARGETDURATION:{target}"));
        let until = Seconds(promises.can_skip_until);
        let hold_back = Seconds(promises.hold_back);
        if with_parts {
            let part_hold_back = Seconds(promises.part_hold_back);
            self.line(format_args!(
                "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL={until},\
                 HOLD-BACK={hold_back},PART-HOLD-BACK={part_hold_back}"
            ));
            let target = Seconds(promises.part_target);
            self.line(format_args!("#EXT-X-PART-INF:PART-TARGET={target}"));
        } else {
            self.line(format_args!(
                "#EXT-X-SERVER-CONTROL:CAN-SKIP-UNTIL={until},HOLD-BACK={hold_back}"
            ));
        }
        self.numbers();
        if is_delta {
            let n_skipped = self.skipped;
            // There are no date ranges, so that none was removed; whoever asks by `v2` has to be told so.
            let removed = match self.skip {
                Skip::V2 => ",RECENTLY-REMOVED-DATERANGES=\"\"",
                Skip::No | Skip::Yes => "",
            };
            self.line(format_args!(
                "#EXT-X-SKIP:SKIPPED-SEGMENTS={n_skipped}{removed}"
            ));
        }
    }

    /// The numbers of the first segment of the list, whether it is skipped or not.
    fn numbers(&mut self) {
        let first = self.listed.first().map(|segment| &segment.head);
        let first = first.or(self.media.open.as_ref().map(|(head, _)| head));
        let (number, sequence) = match first {
            Some(head) => {
                let own = u64::from(head.is_discontinuous);
                (head.number, head.discontinuity_sequence.saturating_sub(own))
            }
            None => {
                let (number, _) = self.media.next_part();
                (number, self.media.discontinuities_removed)
            }
        };
        self.line(format_args!("#EXT-X-MEDIA-SEQUENCE:{}", number.0));
        self.line(format_args!("#EXT-X-DISCONTINUITY-SEQUENCE:{sequence}"));
    }

    fn segments(&mut self, first_with_parts: usize) {
        // The init section is said again behind what is skipped, where it applies on: Shaka 5.2 takes segments without it for
        // segments that need none, and after a change of rendition decodes them with that of the other.
        let with_index = self.listed.iter().enumerate();
        for (index, segment) in with_index.skip(self.skipped) {
            self.segment_head(&segment.head);
            if segment.is_gap {
                self.out.push_str("#EXT-X-GAP\n");
            }
            if index >= first_with_parts {
                self.parts(segment.head.number, &segment.parts);
            }
            let duration = Seconds(segment.duration);
            let epoch = &self.media.epoch;
            let file = MediaFile::Segment(segment.head.number);
            self.line(format_args!("#EXTINF:{duration},\n{epoch}/{file}"));
        }
    }

    /// What stands before the first part of a segment (section 4.4.4.9).
    fn segment_head(&mut self, head: &SegmentHead) {
        if head.is_discontinuous {
            self.discontinuity();
        }
        self.map(head.init);
        let time = Utc(head.program_date_time_ms);
        self.line(format_args!("#EXT-X-PROGRAM-DATE-TIME:{time}"));
    }

    fn discontinuity(&mut self) {
        self.out.push_str("#EXT-X-DISCONTINUITY\n");
    }

    /// The init section that applies from here on, where it is another.
    fn map(&mut self, init: InitNumber) {
        if self.init != Some(init) {
            self.init = Some(init);
            let (epoch, file) = (&self.media.epoch, MediaFile::Init(init));
            self.line(format_args!("#EXT-X-MAP:URI=\"{epoch}/{file}\""));
        }
    }

    fn parts(&mut self, number: MediaSequenceNumber, parts: &[Part]) {
        for part in parts {
            let (epoch, duration) = (&self.media.epoch, Seconds(part.duration));
            let file = MediaFile::Part(number, part.index);
            let independent = if part.is_independent {
                ",INDEPENDENT=YES"
            } else {
                ""
            };
            let gap = if part.is_gap { ",GAP=YES" } else { "" };
            self.line(format_args!(
                "#EXT-X-PART:DURATION={duration},URI=\"{epoch}/{file}\"{independent}{gap}"
            ));
        }
    }

    fn preload_hint(&mut self) {
        let (number, index): (MediaSequenceNumber, PartIndex) = self.media.next_part();
        let (epoch, file) = (&self.media.epoch, MediaFile::Part(number, index));
        self.line(format_args!(
            "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"{epoch}/{file}\""
        ));
    }

    fn reports(&mut self) {
        for report in self.media.reports.iter() {
            let (rendition, last) = (&report.rendition, report.last.0);
            let uri = format!("../{rendition}/{LIVE}");
            match report.last_part {
                Some(part) => self.line(format_args!(
                    "#EXT-X-RENDITION-REPORT:URI=\"{uri}\",LAST-MSN={last},LAST-PART={}",
                    part.0
                )),
                None => self.line(format_args!(
                    "#EXT-X-RENDITION-REPORT:URI=\"{uri}\",LAST-MSN={last}"
                )),
            }
        }
    }
}

/// How many segments, from the first on, end before the skip boundary. It is counted from the end of the last whole segment,
/// which leaves out a little less than may be.
fn n_skippable(listed: &[Arc<Segment>], can_skip_until: Duration) -> usize {
    let mut age = Duration::ZERO;
    let mut n_kept = 0;
    for segment in listed.iter().rev() {
        if age >= can_skip_until {
            break;
        }
        age += segment.duration;
        n_kept += 1;
    }
    listed.len() - n_kept
}
