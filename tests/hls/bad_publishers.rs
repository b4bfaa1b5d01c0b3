//! Publishers that send what nobody should get the best legal stream that can be made of it, and are told.
//!
//! Each is a stream of one server, all at the same time: what is legal is what `freshet-check` says, what can be played is
//! what ffmpeg decodes.

use std::collections::BTreeSet;
use std::time::Duration;

use freshet_check::catalog::{Level, Rule};
use freshet_check::probe::{self, Plan};
use freshet_check::report::Report;
use freshet_load::changing::Changing;
use freshet_load::clock_pictures::{ClockPictures, Size};
use freshet_load::faulty::{Fault, Faulty};
use freshet_load::frame_publisher::FramePublisher;
use freshet_load::pictures::PictureSource;
use freshet_load::recording::VideoCodec;
use tokio::task::JoinSet;
use tokio::time::{interval, timeout};
use url::Url;

use crate::conformance::broken;
use crate::decoded::decode;
use crate::recorded::{H264, recorded};
use crate::running::PATIENCE;
use crate::stage::{KEY, Stage};
use crate::told::Told;

/// Ten segments. The patience with an encoder that sends no keyframe is about as long.
const LENGTH: Duration = Duration::from_secs(22);

/// Behind a discontinuity no part is hinted until its first frame is here (docs/deviations.md), and there are many of them here.
const AT_DISCONTINUITIES: Rule = Rule::Lp10;

/// Pictures of all that left too late on a machine that starves its publishers: a second of one.
const STARVED_FROM: u64 = 30;

const BITRATE_BPS: u32 = 300_000;

/// `profile_idc` of High 4:4:4 Predictive (ITU-T H.264 annex A.2.11).
const HIGH_444: u8 = 244;

/// How a publisher is bad, and what must come of it.
struct Bad {
    /// The name of its stream.
    stream: &'static str,
    source: Box<dyn PictureSource>,
    /// What it is told.
    warning: &'static str,
    pictures: Pictures,
}

/// Where there are pictures of it to play.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pictures {
    /// Everywhere.
    All,
    /// Where they are encoded anew.
    Anew,
    /// Nowhere: there is sound alone.
    None,
}

fn size(text: &str) -> Size {
    text.parse().unwrap()
}

fn clock(text: &str, fps: u16) -> Box<dyn PictureSource> {
    Box::new(ClockPictures::new(size(text), fps, BITRATE_BPS).unwrap())
}

const TEST_PICTURES: &str = "testsrc2=size=320x180:rate=30";

/// A B-frame between each two others.
fn with_b_frames() -> Box<dyn PictureSource> {
    let profile = ["-profile:v", "main", "-pix_fmt", "yuv420p"];
    let options = [&profile[..], &["-bf", "1", "-b_strategy", "0"]].concat();
    recorded(TEST_PICTURES, &H264, &options)
}

/// High 4:4:4 Predictive, as a studio's encoder makes of I444: the offer says nothing of it.
fn of_full_chroma() -> Box<dyn PictureSource> {
    let options = ["-profile:v", "high444", "-pix_fmt", "yuv444p", "-bf", "0"];
    let source = recorded(TEST_PICTURES, &H264, &options);
    let VideoCodec::H264(profile) = source.codec() else {
        panic!("it is no H.264");
    };
    assert_eq!(profile.idc, HIGH_444);
    source
}

fn all() -> Vec<Bad> {
    let faulty = |source, fault| -> Box<dyn PictureSource> { Box::new(Faulty::new(source, fault)) };
    let endless = || -> Box<dyn PictureSource> {
        Box::new(ClockPictures::endless(size("320x180"), 30, BITRATE_BPS).unwrap())
    };
    let sizes = [clock("320x180", 30), clock("400x226", 30)];
    let bad = |stream, source, warning| Bad {
        stream,
        source,
        warning,
        pictures: Pictures::All,
    };
    vec![
        bad(
            "broken-timestamps",
            faulty(clock("320x180", 30), Fault::BrokenTimestamps),
            "broken-timestamps",
        ),
        bad(
            "endless",
            faulty(endless(), Fault::GoesDeaf),
            "rare-keyframes",
        ),
        bad("slow", clock("320x180", 1), "few-pictures"),
        bad(
            "changing",
            Box::new(Changing::new(sizes, Duration::from_secs(1))),
            "changing-format",
        ),
        bad(
            "b-frames",
            faulty(with_b_frames(), Fault::Reordered),
            "b-frames",
        ),
        Bad {
            pictures: Pictures::Anew,
            ..bad("full-chroma", of_full_chroma(), "unplayable-profile")
        },
        Bad {
            pictures: Pictures::None,
            ..bad("deaf", faulty(endless(), Fault::Deaf), "rare-keyframes")
        },
        Bad {
            pictures: Pictures::None,
            ..bad(
                "no-sets",
                faulty(clock("320x180", 30), Fault::NoParameterSets),
                "no-parameter-sets",
            )
        },
    ]
}

/// A stream that somebody publishes.
struct Live {
    stream: &'static str,
    warning: &'static str,
    pictures: Pictures,
    publisher: FramePublisher,
    told: Told,
}

impl Live {
    async fn publish(stage: &Stage, bad: Bad) -> Self {
        let (publisher, session) = stage.publish_frames(bad.stream, bad.source).await;
        Self {
            stream: bad.stream,
            warning: bad.warning,
            pictures: bad.pictures,
            publisher,
            told: Told::listen(&session).await,
        }
    }

    /// It hears what is wrong sooner or later, and so does whoever reads metrics. Otherwise, what is said of it.
    async fn is_told(&self, stage: &Stage) -> Result<(), String> {
        let mut looks = interval(Duration::from_millis(200));
        let told = async {
            while self.told.n_times(self.warning) == 0 {
                looks.tick().await;
            }
        };
        let in_time = timeout(PATIENCE, told).await;
        in_time.map_err(|_| format!("hears: {}", self.told.heard()))?;
        let label = format!("warning=\"{}\"", self.warning);
        let n_counted = stage.metric("bridge_warnings_total", &label).await;
        let n_told = self.told.n_times(self.warning) as u64;
        match n_counted >= n_told {
            true => Ok(()),
            false => Err(format!("is told {n_told} times, {n_counted} are counted")),
        }
    }

    /// There is something to play, and a decoder has nothing to say against it. Otherwise, what it says.
    async fn is_decoded(&self, stage: &Stage, encodes: bool) -> Result<(), String> {
        let folder = format!("/hls/{}", self.stream);
        let listed = stage.get(&format!("{folder}/multivariant.m3u8")).await;
        let listed = listed.text();
        let has_pictures = match self.pictures {
            Pictures::All => true,
            Pictures::Anew => encodes,
            Pictures::None => false,
        };
        if listed.contains("RESOLUTION") != has_pictures {
            return Err(format!("has pictures or none: {listed}"));
        }
        let mut n_renditions = 0;
        let words = listed.split(['\n', '"']);
        let uris = words.filter_map(|word| word.strip_suffix("/live.m3u8"));
        for uri in uris.collect::<BTreeSet<&str>>() {
            let decoded = decode(stage, &format!("{folder}/{uri}")).await;
            if decoded.n_frames == 0 || !decoded.complaints.is_empty() {
                return Err(format!("{uri}: {}", decoded.complaints));
            }
            n_renditions += 1;
        }
        match n_renditions {
            0 => Err("nothing to play".to_owned()),
            _ => Ok(()),
        }
    }
}

/// Looks at all streams at the same time, for a while.
async fn looked_at(stage: &Stage, live: &[Live]) -> Vec<(&'static str, Report)> {
    let mut probes = JoinSet::new();
    for Live { stream, .. } in live {
        let stream = *stream;
        let url = stage
            .running
            .url(&format!("/hls/{stream}/multivariant.m3u8"));
        let url = Url::parse(&url).unwrap();
        let length = LENGTH;
        probes.spawn(async move { (stream, probe::run(Plan { url, length }).await.unwrap()) });
    }
    probes.join_all().await
}

async fn all_get_a_legal_stream_and_are_told(more: &str, encodes: bool) {
    let bad = all();
    let streams: Vec<String> = (bad.iter())
        .map(|bad| {
            let stream = bad.stream;
            format!("[[streams]]\nname = \"{stream}\"\nkey = \"{KEY}\"\npublic = true\n")
        })
        .collect();
    let stage = Stage::idle(&format!("{more}\n{}", streams.concat()));
    let mut live = Vec::new();
    for bad in bad {
        live.push(Live::publish(&stage, bad).await);
    }
    let mut found = Vec::new();
    let reports = looked_at(&stage, &live).await;
    for one in &live {
        let seen = [
            one.is_told(&stage).await,
            one.is_decoded(&stage, encodes).await,
        ];
        let wrong = seen.into_iter().filter_map(Result::err);
        found.extend(wrong.map(|wrong| format!("{} {wrong}", one.stream)));
    }
    let (mut n_late, mut all_published) = (0, String::new());
    for one in live {
        let (published, ended) = one.publisher.leave();
        n_late += published.late;
        all_published += &format!("{}: {published:?}\n", one.stream);
        found.extend(ended.err().map(|why| format!("{} ends: {why}", one.stream)));
    }
    for (stream, report) in reports {
        let broken = broken(&report, n_late >= STARVED_FROM)
            .filter(|rule| rule.level() == Level::Must && *rule != AT_DISCONTINUITIES);
        let broken: BTreeSet<&str> = broken.map(Rule::id).collect();
        if !broken.is_empty() {
            found.push(format!("{stream} breaks {broken:?}\n{}", report.table()));
        }
    }
    let log = stage.end();
    let found = found.join("\n");
    assert!(found.is_empty(), "{found}\n{all_published}\n{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_publisher_s_stream_is_legal_as_it_comes_and_it_is_told() {
    all_get_a_legal_stream_and_are_told("[transcode]\nenabled = false", false).await;
}

/// Where nothing encodes, this is the same once more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_publisher_s_stream_is_legal_encoded_anew_and_it_is_told() {
    all_get_a_legal_stream_and_are_told("", cfg!(feature = "gst")).await;
}
