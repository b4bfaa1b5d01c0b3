//! Segments that are asked for before they are whole.

use std::collections::BTreeMap;
use std::time::Duration;

use bridge_origin::client::Client;
use bridge_origin::event::{Event, SegmentKey};
use bridge_origin::origin::Answer;
use bridge_origin::request::{Headers, Method};
use bridge_origin::response::{Body, Response};
use bridge_origin::waiting::{BLOCKED_REQUESTS_MAX, BLOCKED_REQUESTS_PER_CLIENT_MAX, GroupId};
use bridge_packager::segment::MediaSequenceNumber;
use proptest::prelude::*;

use crate::stream::{PART_BYTES, Stream, at_once, bytes, bytes_of, header, name};

fn key(segment: u64) -> SegmentKey {
    SegmentKey {
        rendition: name("720p"),
        segment: MediaSequenceNumber(segment),
    }
}

/// The bytes of the first parts of a segment.
fn parts_of(segment: u64, n_parts: u32) -> Vec<u8> {
    let parts = (0..n_parts).map(|part| bytes_of("720p", segment, part));
    parts.collect::<Vec<_>>().concat()
}

/// Where a body goes on that has not ended.
fn until(response: &Response) -> Option<u64> {
    match &response.body {
        Body::Growing { until, .. } => Some(*until),
        Body::Empty | Body::Bytes(_) | Body::Chunks(_) | Body::Disk { .. } => None,
    }
}

fn more(stream: &mut Stream, segment: u64, from: u64) -> Answer {
    let (client, now) = (stream.client, stream.now);
    stream.origin.handle_more(&key(segment), from, client, now)
}

#[test]
fn the_segment_that_is_being_made_is_given_part_by_part_and_ends_as_what_it_is() {
    let mut stream = Stream::with_parts(9);
    let first = stream.fetch("720p/k3x9/2.m4s");
    assert_eq!(first.status.code(), 200);
    assert_eq!(header(&first, "content-length"), None);
    assert_eq!(header(&first, "content-type").unwrap(), "video/mp4");
    assert_eq!(
        header(&first, "cache-control").unwrap(),
        "max-age=31536000, immutable"
    );
    let mut got = bytes(&first);
    assert_eq!(got, parts_of(2, 1));
    for n_parts in 2..=4 {
        let from = u64::from(PART_BYTES) * (n_parts - 1);
        let Answer::Wait(_) = more(&mut stream, 2, from) else {
            panic!("there is no more");
        };
        stream.part();
        let next = stream.only_woken().response;
        assert_eq!(until(&next), Some(from + u64::from(PART_BYTES)));
        got.extend(bytes(&next));
    }
    let last = at_once(more(&mut stream, 2, 4 * u64::from(PART_BYTES)));
    assert_eq!((until(&last), bytes(&last)), (None, Vec::new()));
    let whole = stream.fetch("720p/k3x9/2.m4s");
    assert_eq!(bytes(&whole), got);
    assert_eq!(header(&whole, "etag"), header(&first, "etag"));
    assert_eq!(
        header(&whole, "cache-control"),
        header(&first, "cache-control")
    );
    let answers = stream.origin.stats().answers;
    let n_answers: u64 = answers.values().sum();
    assert_eq!(n_answers, 2, "what follows is no other answer: {answers:?}");
    assert_eq!(stream.origin.stats().body_bytes, 8 * u64::from(PART_BYTES));
}

#[test]
fn the_segment_after_it_is_waited_for_and_no_other() {
    let mut stream = Stream::with_parts(9);
    stream.hold("720p/k3x9/3.m4s");
    for uri in ["4.m4s", "18446744073709551615.m4s"] {
        assert_eq!(stream.status(&format!("720p/k3x9/{uri}")), 404);
    }
    stream.parts(3);
    assert!(stream.woken().is_empty());
    stream.part();
    let woken = stream.only_woken().response;
    assert_eq!(bytes(&woken), parts_of(3, 1));
    assert!(until(&woken).is_some());
    // Where the one before is whole and nothing of it is there, it is the one that is being made.
    let mut stream = Stream::with_parts(8);
    stream.hold("720p/k3x9/2.m4s");
    stream.hold("720p/k3x9/3.m4s");
    assert_eq!(stream.status("720p/k3x9/4.m4s"), 404);
}

#[test]
fn a_segment_that_is_cut_short_ends_the_body_where_it_ended() {
    for ends in [Stream::cut as fn(&mut Stream), Stream::end] {
        let mut stream = Stream::with_parts(10);
        let first = stream.fetch("720p/k3x9/2.m4s");
        let group = more(&mut stream, 2, until(&first).unwrap());
        let Answer::Wait(group) = group else {
            panic!("{group:?}");
        };
        stream.hold("720p/k3x9/3.m4s");
        ends(&mut stream);
        let mut woken = stream.woken();
        woken.retain(|woken| woken.group == group);
        let rest = &woken[0].response;
        assert_eq!(
            (rest.status.code(), until(rest), bytes(rest)),
            (200, None, Vec::new())
        );
        assert_eq!(bytes(&stream.fetch("720p/k3x9/2.m4s")), bytes(&first));
    }
}

#[test]
fn what_will_not_come_is_404_or_503_and_no_end() {
    let mut stream = Stream::with_parts(10);
    stream.hold("720p/k3x9/3.m4s");
    let Answer::Wait(_) = more(&mut stream, 2, 200) else {
        panic!("there is no more");
    };
    stream.pass(Duration::from_secs(6));
    let statuses = stream
        .woken()
        .into_iter()
        .map(|woken| woken.response.status.code());
    assert_eq!(statuses.collect::<Vec<_>>(), [503, 503]);
    stream.hold("720p/k3x9/3.m4s");
    stream.end();
    assert_eq!(stream.only_woken().response.status.code(), 404);
    assert_eq!(stream.status("720p/k3x9/3.m4s"), 404);
    // The pipeline broke: nobody says where the segment ends.
    let mut stream = Stream::with_parts(10);
    let Answer::Wait(_) = more(&mut stream, 2, 200) else {
        panic!("there is no more");
    };
    stream.origin.handle_end();
    assert_eq!(stream.only_woken().response.status.code(), 404);
}

#[test]
fn a_body_that_is_broken_off_is_counted_as_one_and_as_no_other_answer() {
    let mut stream = Stream::with_parts(10);
    let _ = stream.fetch("720p/k3x9/2.m4s");
    for _ in 0..3 {
        let Answer::Wait(_) = more(&mut stream, 2, 200) else {
            panic!("there is no more");
        };
    }
    stream.pass(Duration::from_secs(6));
    assert_eq!(stream.only_woken().response.status.code(), 503);
    let Answer::Wait(_) = more(&mut stream, 2, 200) else {
        panic!("there is no more");
    };
    stream.origin.handle_end();
    assert_eq!(stream.only_woken().response.status.code(), 404);
    assert_eq!(at_once(more(&mut stream, 2, 200)).status.code(), 404);
    let stats = stream.origin.stats();
    assert_eq!(stats.answers.values().sum::<u64>(), 1, "{stats:?}");
    assert_eq!(stats.broken_bodies, 5);
}

#[test]
fn its_head_has_no_length_and_a_range_of_it_is_the_whole() {
    let mut stream = Stream::with_parts(9);
    let head = at_once(stream.ask("720p/k3x9/2.m4s", Method::Head, Headers::default()));
    assert_eq!((head.status.code(), &head.body), (200, &Body::Empty));
    assert_eq!(header(&head, "content-length"), None);
    let etag = header(&head, "etag").unwrap();
    let headers = [
        Headers {
            range: Some("bytes=0-9"),
            ..Headers::default()
        },
        Headers {
            range: Some("bytes=500-"),
            ..Headers::default()
        },
        // What is not whole nobody can have.
        Headers {
            if_none_match: Some(&etag),
            ..Headers::default()
        },
    ];
    for headers in headers {
        let response = stream.fetch_with("720p/k3x9/2.m4s", headers);
        assert_eq!(response.status.code(), 200);
        assert_eq!(
            (until(&response), bytes(&response)),
            (Some(100), parts_of(2, 1))
        );
    }
    // One that waits is told when there is something.
    let Answer::Wait(_) = stream.ask("720p/k3x9/3.m4s", Method::Head, Headers::default()) else {
        panic!("there is nothing of it");
    };
    stream.parts(4);
    let head = stream.only_woken().response;
    assert_eq!((head.status.code(), head.body), (200, Body::Empty));
}

#[test]
fn who_has_as_much_waits_together_and_counts_among_all_who_wait() {
    let mut stream = Stream::with_parts(9);
    let mut groups = Vec::new();
    for _ in 0..BLOCKED_REQUESTS_MAX {
        let Answer::Wait(group) = more(&mut stream, 2, 100) else {
            panic!("there is no more");
        };
        groups.push(group);
    }
    groups.dedup();
    assert_eq!(groups.len(), 1);
    assert_eq!(at_once(more(&mut stream, 2, 100)).status.code(), 503);
    assert_eq!(stream.status("720p/k3x9/3.m4s"), 503);
    stream.part();
    let woken = stream.only_woken();
    assert_eq!(woken.n_waiting, BLOCKED_REQUESTS_MAX);
    stream.client = Client::of("192.0.2.7".parse().unwrap());
    for _ in 0..BLOCKED_REQUESTS_PER_CLIENT_MAX {
        stream.hold("720p/k3x9/3.m4s");
    }
    assert_eq!(stream.status("720p/k3x9/3.m4s"), 503);
}

/// What can happen while somebody reads.
#[derive(Clone, Copy, Debug)]
enum Step {
    Part,
    Cut,
    End,
    Pass(u64),
    /// One more asks for the open segment, or for the next.
    Ask(u64),
    /// One who has taken all that it was given asks for more.
    More(prop::sample::Index),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => Just(Step::Part),
        1 => Just(Step::Cut),
        1 => Just(Step::End),
        2 => (1_u64..8_000).prop_map(Step::Pass),
        4 => (0_u64..2).prop_map(Step::Ask),
        12 => any::<prop::sample::Index>().prop_map(Step::More),
    ]
}

#[derive(Debug, Default)]
struct Reader {
    segment: u64,
    got: Vec<u8>,
    waits: Option<GroupId>,
    /// It had an end, or was broken off.
    end: Option<bool>,
}

impl Reader {
    fn take(&mut self, stream: &Stream, response: &Response) {
        if response.status.code() != 200 {
            self.end = Some(false);
            return;
        }
        match &response.body {
            Body::Disk { key, range } => {
                let mut told = stream.events.iter();
                let written = told.find_map(|event| match event {
                    Event::ToDisk { key: of, parts } => (of == key).then(|| parts.concat()),
                    Event::Delete { .. } | Event::DiskFails | Event::DiskWorks => None,
                });
                let range = range.start as usize..range.end as usize;
                self.got.extend(&written.expect("it is on disk")[range]);
            }
            Body::Empty | Body::Bytes(_) | Body::Chunks(_) | Body::Growing { .. } => {
                self.got.extend(bytes(response));
            }
        }
        match until(response) {
            Some(until) => assert_eq!(until, self.got.len() as u64),
            None => self.end = Some(true),
        }
    }

    fn answered(&mut self, stream: &Stream, answer: Answer) {
        match answer {
            Answer::Now(response) => self.take(stream, &response),
            Answer::Wait(group) => self.waits = Some(group),
        }
    }
}

fn wake(stream: &mut Stream, readers: &mut [Reader]) {
    let woken: BTreeMap<GroupId, Response> = stream
        .woken()
        .into_iter()
        .map(|w| (w.group, w.response))
        .collect();
    for reader in readers {
        if let Some(response) = reader.waits.and_then(|group| woken.get(&group)) {
            reader.waits = None;
            reader.take(stream, response);
        }
    }
}

proptest! {
    #[test]
    fn whoever_reads_to_the_end_has_the_segment_byte_for_byte(steps in prop::collection::vec(step(), 1..120)) {
        let mut stream = Stream::with_parts(5);
        stream.dvr_segments = 6;
        let mut readers: Vec<Reader> = Vec::new();
        let mut sizes: BTreeMap<u64, u32> = BTreeMap::new();
        for step in steps {
            let (open, n_parts) = stream.media(&name("720p")).next_part();
            match step {
                Step::Part | Step::Cut | Step::End if stream.is_ended => {}
                Step::Part => stream.part(),
                Step::Cut if n_parts.0 > 0 => stream.cut(),
                Step::Cut => {}
                Step::End => stream.end(),
                Step::Pass(millis) => stream.pass(Duration::from_millis(millis)),
                Step::Ask(ahead) => {
                    let segment = open.0 + ahead;
                    let mut reader = Reader { segment, ..Reader::default() };
                    let answer = stream.get(&format!("720p/k3x9/{segment}.m4s"));
                    reader.answered(&stream, answer);
                    readers.push(reader);
                }
                Step::More(at) => {
                    let idle = readers.iter_mut().filter(|r| r.end.is_none() && r.waits.is_none());
                    let mut idle: Vec<&mut Reader> = idle.collect();
                    if !idle.is_empty() {
                        let at = at.index(idle.len());
                        let reader = &mut *idle[at];
                        let answer = more(&mut stream, reader.segment, reader.got.len() as u64);
                        reader.answered(&stream, answer);
                    }
                }
            }
            for segment in &stream.media(&name("720p")).segments[..] {
                sizes.insert(segment.head.number.0, segment.parts.len() as u32);
            }
            wake(&mut stream, &mut readers);
        }
        for reader in &readers {
            let n_parts = reader.got.len() as u32 / PART_BYTES;
            prop_assert_eq!(&reader.got, &parts_of(reader.segment, n_parts));
            if reader.end == Some(true) {
                prop_assert_eq!(Some(&n_parts), sizes.get(&reader.segment), "{:?}", reader);
            }
        }
        prop_assert_eq!(stream.origin.stats().n_blocked as usize, readers.iter().filter(|r| r.waits.is_some()).count());
    }
}
