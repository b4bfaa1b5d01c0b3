//! How fast an origin answers, on one core: `cargo run -p bridge-origin --example speed`. Fails under the figures of the
//! design: 35,000 answers a second with all of HTTP, of which this is the part that decides; and two thousand players who
//! wait for the same part, whose last byte must be out within 60 ms.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant as Clock};

use bridge_origin::config::{Config, Dash};
use bridge_origin::origin::{Answer, Origin, Woken};
use bridge_origin::request::{Headers, Method, Request, Tree};
use bridge_packager::event::Event;
use bridge_packager::part::{Part, PartIndex};
use bridge_packager::playlist::media::{Media, Upcoming};
use bridge_packager::playlist::server_control::ServerControl;
use bridge_packager::rendition::RenditionName;
use bridge_packager::segment::{InitNumber, MediaSequenceNumber, Segment, SegmentHead};
use bytes::Bytes;
use sfu_model::time::{Instant, MediaTime};

/// Answers a second: a fifth of a core at the rate that the whole server must reach.
const ANSWERS_PER_SECOND_MIN: f64 = 175_000.0;

/// A tenth of what they may wait until the last byte is out.
const WAKE_BOUND: Duration = Duration::from_millis(6);

const N_WAITING: u32 = 2_000;

const PART: Duration = Duration::from_millis(500);

fn head(number: u64) -> SegmentHead {
    SegmentHead {
        number: MediaSequenceNumber(number),
        discontinuity_sequence: 0,
        is_discontinuous: false,
        init: InitNumber(0),
        starts_at: MediaTime(number * 180_000),
        program_date_time_ms: number * 2_000,
    }
}

fn parts(n_parts: u32) -> Arc<[Part]> {
    let part = |index| Part {
        index: PartIndex(index),
        duration: PART,
        is_independent: index == 0,
        is_gap: false,
        size_bytes: 1_000,
    };
    (0..n_parts).map(part).collect()
}

/// Fifteen segments, and so many parts of the next.
fn playlist(rendition: &RenditionName, n_parts: u32) -> Event {
    let segment = |number| {
        Arc::new(Segment {
            head: head(number),
            duration: PART * 4,
            parts: parts(4),
            is_gap: false,
            size_bytes: 4_000,
        })
    };
    Event::Playlist(Arc::new(Media {
        rendition: rendition.clone(),
        server_control: ServerControl::new(PART, 2),
        zero_unix: Duration::from_secs(1_700_000_000),
        epoch: Arc::from("k3x9"),
        segments: (0..15).map(segment).collect(),
        runs: Arc::from([]),
        live_from: 0,
        discontinuities_removed: 0,
        open: Some((head(15), parts(n_parts))),
        upcoming: Upcoming::GoesOn,
        is_ended: false,
        reports: Arc::from([]),
    }))
}

fn get<'a>(path: &'a str, query: Option<&'a str>) -> Request<'a> {
    Request {
        method: Method::Get,
        tree: Tree::Hls,
        path,
        query,
        headers: Headers {
            accept_encoding: Some("gzip, deflate, br"),
            ..Headers::default()
        },
        client: None,
    }
}

/// Answers and the bytes of their heads and bodies, as a server writes them.
fn answer_for_a_second(origin: &mut Origin, path: &str, query: Option<&str>) -> f64 {
    let request = get(path, query);
    let began = clock();
    let (mut n_answers, mut n_bytes) = (0_u32, 0);
    while began.elapsed() < Duration::from_secs(1) {
        for _ in 0..1_000 {
            if let Answer::Now(response) = origin.handle_request(&request, Instant::START) {
                let fields = response.headers();
                n_bytes += fields
                    .map(|(name, value)| name.len() + value.len())
                    .sum::<usize>();
                n_answers += u32::from(response.body.length() > 0);
            }
        }
    }
    let per_second = f64::from(n_answers) / began.elapsed().as_secs_f64();
    say(&format!(
        "{path}: {per_second:.0} answers a second, {n_bytes} bytes of heads"
    ));
    per_second
}

/// How long it takes from the playlist to a response for each who waits.
fn wake(origin: &mut Origin, rendition: &RenditionName) -> Duration {
    let query = "_HLS_msn=15&_HLS_part=2";
    for _ in 0..N_WAITING {
        let answer = origin.handle_request(&get("720p/live.m3u8", Some(query)), Instant::START);
        assert!(matches!(answer, Answer::Wait(_)), "nobody has that part");
    }
    let began = clock();
    origin.handle_event(playlist(rendition, 3), Instant::START);
    let mut responses = Vec::new();
    while let Some(Woken {
        n_waiting,
        response,
        ..
    }) = origin.poll_woken()
    {
        responses.extend((0..n_waiting).map(|_| response.clone()));
    }
    let took = began.elapsed();
    say(&format!(
        "{} woken and given a response each in {took:.2?}",
        responses.len()
    ));
    took
}

#[expect(clippy::disallowed_methods, reason = "this program measures")]
fn clock() -> Clock {
    Clock::now()
}

#[expect(clippy::print_stdout, reason = "this program says what it measures")]
fn say(line: &str) {
    println!("{line}");
}

fn main() -> ExitCode {
    let mut origin = Origin::new(Config {
        epoch: Arc::from("k3x9"),
        server_control: ServerControl::new(PART, 2),
        has_disk: true,
        dash: Dash {
            base_uri: Arc::from("../../hls/demo/"),
            clock_uri: Arc::from("../../clock"),
        },
    });
    let Some(rendition) = RenditionName::parse("720p") else {
        return ExitCode::FAILURE;
    };
    let part = Event::Part {
        rendition: rendition.clone(),
        segment: MediaSequenceNumber(15),
        index: PartIndex(1),
        bytes: Bytes::from(vec![0; 150_000]),
    };
    origin.handle_event(part, Instant::START);
    origin.handle_event(playlist(&rendition, 2), Instant::START);
    let rates = [
        answer_for_a_second(
            &mut origin,
            "720p/live.m3u8",
            Some("_HLS_msn=15&_HLS_part=1&_HLS_skip=YES"),
        ),
        answer_for_a_second(&mut origin, "720p/k3x9/15.1.m4s", None),
    ];
    let took = wake(&mut origin, &rendition);
    if rates.iter().all(|rate| *rate >= ANSWERS_PER_SECOND_MIN) && took <= WAKE_BOUND {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
