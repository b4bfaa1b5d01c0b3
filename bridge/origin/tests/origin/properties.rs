//! What holds for any requests, in any order with anything that happens.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bridge_origin::origin::Answer;
use bridge_origin::request::{Headers, Method, Request, Tree};
use bridge_origin::response::Body;
use bridge_origin::waiting::GroupId;
use bridge_packager::event::Event as Packaged;
use bridge_packager::part::PartIndex;
use bridge_packager::segment::{InitNumber, MediaSequenceNumber};
use bytes::Bytes;
use proptest::prelude::*;
use sfu_model::time::Instant;

use crate::stream::{PART, Stream, bytes, bytes_of, name};

/// Text that looks like what is expected, and text that does not.
fn texts(alike: &'static str) -> impl Strategy<Value = String> {
    prop_oneof![alike, any::<String>(), "[ -~]{0,40}"]
}

proptest! {
    #[test]
    fn no_request_panics_and_each_is_answered_or_waits(
        path in texts("(720p|aac|[a-z0-9]{0,3})/(k3x9/)?((init-)?[0-9]{1,3}(\\.[0-9])?\\.(m4s|mp4)|live\\.m3u8|dvr\\.m3u8)"),
        query in proptest::option::of(texts("(_HLS_(msn|part|skip)=(YES|v2|-?[0-9]{0,21})&?){0,4}")),
        accept_encoding in proptest::option::of(texts("(gzip|br|\\*)(;q=[01](\\.[0-9])?)?(, gzip)?")),
        if_none_match in proptest::option::of(texts("(W/)?\"[0-9a-f]{16}\"|\\*")),
        range in proptest::option::of(texts("bytes=[0-9]{0,21}-[0-9]{0,21}(,0-1)?")),
        n_parts in 0_u32..12,
        is_dash: bool,
        is_head: bool,
    ) {
        let mut stream = Stream::silent(&["720p", "aac"]);
        if n_parts > 0 {
            stream.tell_renditions();
            stream.parts(n_parts);
        }
        let headers = Headers {
            accept_encoding: accept_encoding.as_deref(),
            if_none_match: if_none_match.as_deref(),
            range: range.as_deref(),
            if_range: None,
        };
        let request = Request {
            method: if is_head { Method::Head } else { Method::Get },
            tree: if is_dash { Tree::Dash } else { Tree::Hls },
            path: &path,
            query: query.as_deref(),
            headers,
            client: None,
        };
        match stream.origin.handle_request(&request, stream.now) {
            Answer::Now(response) => {
                let length = response.body.length();
                let is_growing = matches!(response.body, Body::Growing { .. });
                prop_assert!(is_head || is_growing || Some(length) == response.content_length);
                prop_assert!(response.headers().all(|(_, value)| value.is_ascii()));
            }
            Answer::Wait(group) => {
                stream.pass(Duration::from_secs(6));
                let woken = stream.only_woken();
                prop_assert_eq!((woken.group, woken.n_waiting), (group, 1));
            }
        }
    }
}

/// What can happen to an origin.
#[derive(Clone, Debug)]
enum Step {
    Part,
    Bytes,
    Cut,
    End,
    /// A request, so many parts ahead of the edge.
    Playlist {
        is_sound: bool,
        ahead: u64,
        has_part: bool,
        is_dvr: bool,
        is_gzip: bool,
    },
    /// A request for a part so many after the last.
    Hint {
        ahead: u32,
    },
    Multivariant,
    Abandon(prop::sample::Index),
    Pass(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let playlist =
        any::<(bool, bool, bool, bool)>().prop_flat_map(|(is_sound, has_part, is_dvr, is_gzip)| {
            (0_u64..12).prop_map(move |ahead| Step::Playlist {
                is_sound,
                ahead,
                has_part,
                is_dvr,
                is_gzip,
            })
        });
    let step = prop_oneof![
        6 => Just(Step::Part),
        1 => Just(Step::Bytes),
        1 => Just(Step::Cut),
        1 => Just(Step::End),
        8 => playlist,
        4 => (0_u32..3).prop_map(|ahead| Step::Hint { ahead }),
        1 => Just(Step::Multivariant),
        3 => any::<prop::sample::Index>().prop_map(Step::Abandon),
        3 => (1_u64..4_000).prop_map(Step::Pass),
    ];
    prop::collection::vec(step, 1..80)
}

/// Who waits, and since when.
#[derive(Default)]
struct Model {
    waiting: BTreeMap<GroupId, Vec<Instant>>,
    parts: BTreeMap<GroupId, (u64, u32)>,
    /// The part that the playlist must list, or none for all of the segment.
    wanted: BTreeMap<GroupId, (u64, Option<u64>)>,
    n_answered: usize,
}

/// Whether the playlists list this segment, or this part of it. A part past the last of a finished segment is the first of
/// the next.
fn is_listed(stream: &Stream, (segment, part): (u64, Option<u64>)) -> bool {
    let (open, n_parts) = stream.listed;
    let Some(part) = part else {
        return stream.is_ended || segment < open;
    };
    let media = stream.media(&name("720p"));
    let finished = media.segments.iter().find(|s| s.head.number.0 == segment);
    let is_past = segment < open && finished.is_some_and(|s| s.parts.len() as u64 <= part);
    let (segment, part) = if is_past {
        (segment + 1, 0)
    } else {
        (segment, part)
    };
    stream.is_ended || (segment, part) < (open, u64::from(n_parts))
}

impl Model {
    fn ask(&mut self, stream: &mut Stream, url: &str, is_gzip: bool) -> Option<GroupId> {
        let accept_encoding = is_gzip.then_some("gzip");
        let headers = Headers {
            accept_encoding,
            ..Headers::default()
        };
        match stream.ask(url, Method::Get, headers) {
            Answer::Now(_) => None,
            Answer::Wait(group) => {
                self.waiting.entry(group).or_default().push(stream.now);
                Some(group)
            }
        }
    }

    /// Everybody who is answered waited, is answered once, and did not wait too long.
    fn check(&mut self, stream: &mut Stream) {
        for woken in stream.woken() {
            let since = self
                .waiting
                .remove(&woken.group)
                .expect("a group is answered once");
            assert_eq!(since.len(), woken.n_waiting as usize);
            self.n_answered += since.len();
            let longest = since.iter().map(|since| stream.now - *since).max().unwrap();
            assert!(longest <= Duration::from_secs(6), "{longest:?}");
            if let Some(wanted) = self.wanted.remove(&woken.group)
                && woken.response.status.code() == 200
            {
                assert!(is_listed(stream, wanted), "{wanted:?} is not there");
            }
            if let Some((segment, part)) = self.parts.remove(&woken.group)
                && woken.response.status.code() == 200
            {
                assert_eq!(bytes(&woken.response), bytes_of("720p", segment, part));
                let url = format!("720p/k3x9/{segment}.{part}.m4s");
                assert_eq!(stream.fetch(&url), woken.response);
            }
        }
        for (group, wanted) in &self.wanted {
            let is_waiting = self.waiting.contains_key(group);
            assert!(
                !is_waiting || !is_listed(stream, *wanted),
                "{wanted:?} is there"
            );
        }
        for since in self.waiting.values().flatten() {
            assert!(
                stream.now - *since < Duration::from_secs(6),
                "somebody is forgotten"
            );
        }
        let n_waiting: usize = self.waiting.values().map(Vec::len).sum();
        assert_eq!(stream.origin.stats().n_blocked as usize, n_waiting);
        assert_eq!(stream.origin.poll_timeout().is_none(), n_waiting == 0);
    }

    /// Time passes, as its timers say.
    fn pass(&mut self, stream: &mut Stream, time: Duration) {
        let end = stream.now + time;
        while let Some(at) = stream.origin.poll_timeout().filter(|at| *at <= end) {
            stream.pass(at - stream.now);
            self.check(stream);
        }
        stream.pass(end - stream.now);
    }

    fn step(&mut self, stream: &mut Stream, step: Step) {
        let (segment, part) = stream.media(&name("720p")).next_part();
        match step {
            Step::Part => {
                self.pass(stream, PART);
                stream.part_now();
            }
            Step::Bytes => stream.part_bytes(),
            Step::Cut if part.0 > 0 => stream.cut(),
            Step::Cut => {}
            Step::End => stream.end(),
            Step::Playlist {
                is_sound,
                ahead,
                has_part,
                is_dvr,
                is_gzip,
            } => {
                let rendition = if is_sound { "aac" } else { "720p" };
                let file = if is_dvr { "dvr" } else { "live" };
                let n = u64::from(part.0) + ahead;
                let query = if has_part {
                    format!("_HLS_msn={}&_HLS_part={n}", segment.0)
                } else {
                    format!("_HLS_msn={}", segment.0 + ahead / 4)
                };
                let url = format!("{rendition}/{file}.m3u8?{query}");
                if let Some(group) = self.ask(stream, &url, is_gzip) {
                    let wanted = if has_part {
                        (segment.0, (!is_dvr).then_some(n))
                    } else {
                        (segment.0 + ahead / 4, None)
                    };
                    self.wanted.insert(group, wanted);
                }
            }
            Step::Hint { ahead } => {
                let part = part.0 + ahead;
                let url = format!("720p/k3x9/{}.{part}.m4s", segment.0);
                if let Some(group) = self.ask(stream, &url, false) {
                    assert_eq!(ahead, 0, "only the next part is hinted");
                    self.parts.insert(group, (segment.0, part));
                }
            }
            Step::Multivariant => {
                self.ask(stream, "multivariant.m3u8", true);
            }
            Step::Abandon(at) if !self.waiting.is_empty() => {
                let groups: Vec<GroupId> = self.waiting.keys().copied().collect();
                let group = *at.get(&groups);
                stream.origin.abandon(group, None);
                let since = self.waiting.get_mut(&group).unwrap();
                since.pop();
                if since.is_empty() {
                    self.waiting.remove(&group);
                }
            }
            Step::Abandon(_) => {}
            Step::Pass(millis) => self.pass(stream, Duration::from_millis(millis)),
        }
    }
}

proptest! {
    #[test]
    fn what_a_packager_tells_in_any_order_panics_nowhere_and_fills_no_memory(
        tellings in prop::collection::vec((0_u8..6, 0_u64..6, 0_u32..6, 0_usize..300), 1..80),
    ) {
        let mut stream = Stream::silent(&["720p", "aac"]);
        let mut other = Stream::with_parts(tellings.len() as u32 / 2);
        for (kind, segment, index, n_bytes) in tellings {
            let rendition = name(if index % 2 == 0 { "720p" } else { "aac" });
            let segment = MediaSequenceNumber(segment);
            let bytes = Bytes::from(vec![0; n_bytes]);
            stream.tell(match kind {
                0 => Packaged::Init { rendition, init: InitNumber(index), bytes },
                1 | 2 => Packaged::Part { rendition, segment, index: PartIndex(index), bytes },
                3 => Packaged::Segment { rendition, segment, n_parts: index },
                4 => Packaged::Playlist(Arc::new(other.media(&rendition))),
                _ => {
                    other.part();
                    stream.tell_renditions();
                    continue;
                }
            });
            for url in ["multivariant.m3u8", "720p/live.m3u8?_HLS_msn=3&_HLS_part=1", "aac/k3x9/2.m4s", "aac/k3x9/2.1.m4s"] {
                let _ = stream.get(url);
            }
            stream.pass(Duration::from_millis(700));
        }
        // All that is finished goes, once what is listed has gone far enough.
        let held = stream.origin.stats().memory_bytes;
        prop_assert!(held <= 2 * 36 * 300 * 6, "{held}");
        stream.pass(Duration::from_secs(6));
        prop_assert_eq!(stream.origin.stats().n_blocked, 0);
    }

    #[test]
    fn everyone_who_waits_is_answered_once_and_in_time(steps in steps()) {
        let mut stream = Stream::begun(&["720p", "aac"]);
        let mut model = Model::default();
        let mut has_ended = false;
        for step in steps {
            let is_of_packager = matches!(step, Step::Part | Step::Bytes | Step::Cut | Step::End);
            if has_ended && is_of_packager {
                continue;
            }
            has_ended |= matches!(step, Step::End);
            model.step(&mut stream, step);
            model.check(&mut stream);
        }
        model.pass(&mut stream, Duration::from_secs(6));
        model.check(&mut stream);
        prop_assert!(model.waiting.is_empty());
    }
}

#[test]
fn the_steps_of_the_property_wait_and_are_answered() {
    let mut stream = Stream::begun(&["720p", "aac"]);
    let mut model = Model::default();
    let playlist = |ahead| Step::Playlist {
        is_sound: false,
        ahead,
        has_part: true,
        is_dvr: false,
        is_gzip: false,
    };
    for step in [
        Step::Multivariant,
        Step::Part,
        playlist(0),
        playlist(1),
        Step::Hint { ahead: 0 },
        Step::Part,
        Step::Part,
        Step::Part,
    ] {
        model.step(&mut stream, step);
        model.check(&mut stream);
    }
    assert_eq!(model.n_answered, 4);
}
