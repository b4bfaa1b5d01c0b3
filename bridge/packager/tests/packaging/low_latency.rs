//! Pictures that an encoder of ours makes: what an MPD says of segments before they end, and that it stays true.

use std::collections::BTreeMap;

use bridge_packager::dash::Edge;
use bridge_packager::dash::mpd::Presentation;
use proptest::prelude::*;
use sfu_model::time::Instant;

use crate::driver::{Driver, ms};
use crate::presentations::{elements, listed};
use crate::reader::attributes;
use crate::regular_show::{SEGMENT_MS, Show};

const PART_MS: u64 = 500;
const SOUND_FRAME_MS: u64 = 22;

fn mpd(driver: &Driver, edge: Edge) -> Option<String> {
    let is_there = |info: &bridge_packager::rendition::RenditionOutline| {
        driver.media.contains_key(info.name.as_str())
    };
    if driver.renditions.is_empty() || !driver.renditions.iter().all(is_there) {
        return None;
    }
    let presentation = Presentation {
        renditions: &listed(driver),
        base_uri: "../../hls/show/",
        clock_uri: "time",
        edge,
    };
    presentation.mpd()
}

type Attributes = BTreeMap<String, String>;

/// A period: what it says of itself, and of each of its representations.
#[derive(Clone, Debug)]
struct Told {
    period: Attributes,
    templates: BTreeMap<String, Attributes>,
}

impl Told {
    /// Numbers say times in it.
    fn is_regular(&self) -> bool {
        self.templates
            .values()
            .any(|template| template.contains_key("availabilityTimeComplete"))
    }

    /// Its segments are listed with their times.
    fn is_listed(&self) -> bool {
        self.templates
            .values()
            .all(|template| !template.contains_key("duration"))
    }

    fn number(&self, rendition: &str, attribute: &str) -> Option<u64> {
        self.templates[rendition].get(attribute)?.parse().ok()
    }

    /// When a segment begins, in milliseconds, as its number says.
    fn starts_at_ms(&self, rendition: &str, number: u64) -> f64 {
        let of = |attribute| self.number(rendition, attribute).unwrap() as f64;
        let start = self.period["start"].strip_prefix("PT").unwrap();
        let start: f64 = start.strip_suffix('S').unwrap().parse().unwrap();
        let scale = of("timescale");
        assert!((of("presentationTimeOffset") / scale - start).abs() < 0.001);
        let n_before = number as f64 - of("startNumber");
        (start + n_before * of("duration") / scale) * 1_000.0
    }
}

fn periods(xml: &str) -> Vec<Told> {
    let mut periods: Vec<Told> = Vec::new();
    let mut rendition = String::new();
    for (_, name, rest) in elements(xml) {
        let attributes: Attributes = attributes(&rest).into_iter().collect();
        match name.as_str() {
            "Period" => periods.push(Told {
                period: attributes,
                templates: BTreeMap::new(),
            }),
            "Representation" => rendition.clone_from(&attributes["id"]),
            "SegmentTemplate" => {
                let templates = &mut periods.last_mut().unwrap().templates;
                templates.insert(rendition.clone(), attributes);
            }
            _ => {}
        }
    }
    periods
}

/// What MPDs have promised.
#[derive(Default)]
struct Promises {
    /// Regular periods as they were told first, by their names.
    told: BTreeMap<String, Told>,
    /// The regular period of a segment.
    of_number: BTreeMap<u64, String>,
    n_open: usize,
    /// What is before a list of segments may be left out together with it.
    listed_before: u64,
}

impl Promises {
    fn look(&mut self, driver: &Driver) {
        let Some(xml) = mpd(driver, Edge::OpenSegments) else {
            return;
        };
        let all = periods(&xml);
        for period in all.iter().filter(|period| period.is_listed()) {
            let firsts = period.templates.keys();
            let first = firsts.filter_map(|rendition| period.number(rendition, "startNumber"));
            self.listed_before = self.listed_before.max(first.min().unwrap());
        }
        for (at, period) in all
            .iter()
            .enumerate()
            .filter(|(_, period)| period.is_regular())
        {
            let id = &period.period["id"];
            let first = self
                .told
                .entry(id.clone())
                .or_insert_with(|| period.clone());
            let first = first.clone();
            assert_eq!(first.period, period.period);
            assert!(
                at + 1 == all.len()
                    || period
                        .templates
                        .values()
                        .all(|t| t.contains_key("endNumber")),
                "{xml}"
            );
            for (rendition, template) in &period.templates {
                let mut template = template.clone();
                template.remove("endNumber");
                let mut told = first.templates[rendition].clone();
                told.remove("endNumber");
                assert_eq!(told, template, "{rendition} of {id}");
                self.look_at_numbers(driver, period, rendition);
            }
        }
        // What was told as regular is told so for as long as anything is listed of it.
        for (number, id) in &self.of_number {
            let of_it = self.told[id].templates.keys();
            let firsts = of_it.filter_map(|rendition| driver.media[rendition].segments.first());
            let is_listed = firsts.map(|first| first.head.number.0).min() <= Some(*number);
            let is_told = all.iter().any(|period| period.period["id"] == *id);
            let is_left_out = *number < self.listed_before;
            assert!(
                is_told || !is_listed || is_left_out,
                "{id} of {number} is told no more:\n{xml}"
            );
        }
    }

    fn look_at_numbers(&mut self, driver: &Driver, period: &Told, rendition: &str) {
        let media = &driver.media[rendition];
        let first = period.number(rendition, "startNumber").unwrap();
        let last = period.number(rendition, "endNumber").unwrap_or(u64::MAX);
        let open = media.open.as_ref().map(|(head, _)| head);
        let heads = media
            .segments
            .iter()
            .map(|segment| &segment.head)
            .chain(open);
        for head in heads.filter(|head| (first..=last).contains(&head.number.0)) {
            let rate = if rendition == "720p" { 90.0 } else { 48.0 };
            let (real, told) = (
                head.starts_at.0 as f64 / rate,
                period.starts_at_ms(rendition, head.number.0),
            );
            // What stands in for a publisher that is away is told of by the part, and who returns may be a part before its end.
            let bound = match head.is_discontinuous {
                true => PART_MS + SOUND_FRAME_MS,
                false => SEGMENT_MS / 4,
            };
            assert!(
                (real - told).abs() < bound as f64,
                "{rendition} {}: {real} and {told}",
                head.number.0
            );
            let id = self
                .of_number
                .entry(head.number.0)
                .or_insert_with(|| period.period["id"].clone());
            assert_eq!(*id, period.period["id"], "{}", head.number.0);
            self.n_open += usize::from(open == Some(head));
        }
    }
}

fn shows() -> impl Strategy<Value = Show> {
    let away = proptest::option::of((4_000_u64..20_000, 300_u64..9_000, any::<bool>()));
    let passed_on = proptest::option::of((3_000_u64..20_000, 500_u64..15_000));
    let late = prop_oneof![Just(0), 0_u64..8_000];
    (0_u64..2_500, 20_u64..600, away, passed_on, late).prop_map(
        |(from_ms, encoding_ms, away, passed_on, aac_from_ms)| Show {
            length_ms: 60_000,
            from_ms,
            encoding_ms,
            away: away.map(|(from, length, is_other)| (from, from + length, is_other)),
            passed_on: passed_on.map(|(from, length)| (from, from + length)),
            aac_from_ms,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 5, ..ProptestConfig::default() })]
    #[test]
    fn a_number_says_the_time_of_its_media_and_a_period_stays_what_it_was_told_as(show in shows()) {
        let mut promises = Promises::default();
        show.run(|driver| promises.look(driver));
        prop_assert!(promises.n_open > 0, "nothing was told before it ended");
    }
}

#[test]
fn of_a_stream_on_the_grid_one_period_names_what_is_being_made() {
    let mut seen = Vec::new();
    let show = Show::default();
    let driver = show.run(|driver| {
        let all = mpd(driver, Edge::OpenSegments)
            .map(|xml| periods(&xml))
            .unwrap_or_default();
        seen.push(
            all.iter()
                .map(|period| period.period["id"].clone())
                .collect::<Vec<_>>(),
        );
    });
    let xml = mpd(&driver, Edge::OpenSegments).unwrap();
    let all = periods(&xml);
    let last = all.last().unwrap();
    for (rendition, length, scale) in [("720p", "180000", "90000"), ("opus", "96000", "48000")] {
        let template = &last.templates[rendition];
        assert_eq!(
            (&*template["duration"], &*template["timescale"]),
            (length, scale)
        );
        assert_eq!(template["availabilityTimeOffset"], "1.5");
        assert_eq!(template["availabilityTimeComplete"], "false");
        assert_eq!(template["media"], "0a1b2c3d/$Number$.m4s");
        assert_eq!(template["initialization"], "0a1b2c3d/init-0.mp4");
    }
    // Grown together with the grid of its encoder by then.
    let start = &last.period["start"];
    assert!(start.ends_with(".000000S"), "{start}");
    // Players that ask all for what is early find that all is.
    for period in &all {
        assert!(
            period
                .templates
                .values()
                .all(|t| t["availabilityTimeOffset"] == "1.5"),
            "{xml}"
        );
    }
    assert!(
        xml.contains("<Latency target=\"2000\" min=\"1500\" max=\"8000\"/>"),
        "{xml}"
    );
    assert!(
        xml.contains("<PlaybackRate min=\"0.95\" max=\"1.1\"/>"),
        "{xml}"
    );
    assert!(
        xml.contains("minimumUpdatePeriod=\"PT1.000000S\"")
            && !xml.contains("suggestedPresentationDelay"),
        "{xml}"
    );
    // No later than with the third segment it is as it stays.
    let n_as_it_stays = seen
        .iter()
        .filter(|ids| ids.last() == Some(&last.period["id"]))
        .count();
    assert!(
        n_as_it_stays * 5 > seen.len() * 4,
        "{n_as_it_stays} of {}",
        seen.len()
    );
}

#[test]
fn of_whole_segments_all_are_listed_and_what_is_passed_on_always_is() {
    let driver = Show::default().run(|_| {});
    let whole = mpd(&driver, Edge::WholeSegments).unwrap();
    let passed_on = Show {
        passed_on: Some((0, 60_000)),
        ..Show::default()
    };
    let open = mpd(&passed_on.run(|_| {}), Edge::OpenSegments).unwrap();
    for xml in [whole, open] {
        for absent in [
            "availabilityTime",
            "ServiceDescription",
            "endNumber",
            " duration=\"",
        ] {
            assert!(!xml.contains(absent), "{absent}: {xml}");
        }
        assert!(
            xml.contains("suggestedPresentationDelay=\"PT8.000000S\""),
            "{xml}"
        );
    }
}

#[test]
fn a_period_stays_where_it_began_when_its_first_segments_are_gone() {
    let show = Show {
        length_ms: 90_000,
        ..Show::default()
    };
    let driver = show.run(|_| {});
    let all = periods(&mpd(&driver, Edge::OpenSegments).unwrap());
    assert_eq!(all.len(), 1);
    let first_listed = driver.media["720p"].segments[0].head.number.0;
    let start = all[0].number("720p", "startNumber").unwrap();
    assert!(start < first_listed, "{start} of {first_listed}");
    // It says when each of them began.
    let at = driver.media["720p"].segments[0].head.starts_at.0 as f64 / 90.0;
    assert!((all[0].starts_at_ms("720p", first_listed) - at).abs() < 1.0);
}

#[test]
fn a_stream_that_has_ended_says_the_same_of_each_number_and_begins_with_what_there_is() {
    let show = Show {
        length_ms: 90_000,
        ..Show::default()
    };
    let mut driver = show.run(|_| {});
    let live = periods(&mpd(&driver, Edge::OpenSegments).unwrap());
    driver.end();
    let xml = mpd(&driver, Edge::OpenSegments).unwrap();
    let ended = periods(&xml);
    assert_eq!(live[0].period["id"], ended[0].period["id"]);
    for absent in ["availabilityTime", "ServiceDescription"] {
        assert!(!xml.contains(absent), "{absent}: {xml}");
    }
    for segment in driver.media["720p"].segments.iter() {
        let number = segment.head.number.0;
        let [live, ended] = [&live[0], &ended[0]].map(|period| period.starts_at_ms("720p", number));
        assert!((live - ended).abs() < 1.0);
    }
    let first = ended[0].number("720p", "startNumber");
    assert_eq!(first, Some(driver.media["720p"].segments[0].head.number.0));
}

#[test]
fn a_stream_that_has_ended_names_no_segment_after_its_last() {
    // The last segment begins with the grid, and ends a little after the next begins to count.
    for length_ms in [31_900, 32_000, 32_100, 33_900] {
        let show = Show {
            length_ms,
            ..Show::default()
        };
        let mut driver = show.run(|_| {});
        driver.end();
        let all = periods(&mpd(&driver, Edge::OpenSegments).unwrap());
        for (rendition, media) in &driver.media {
            let last = all.last().unwrap().number(rendition, "endNumber");
            let is = media.segments.last().map(|last| last.head.number.0);
            assert_eq!(last, is, "{rendition} of {length_ms} ms");
        }
    }
}

#[test]
fn who_comes_later_is_told_of_with_the_next_period() {
    let show = Show {
        aac_from_ms: 9_300,
        ..Show::default()
    };
    let mut promises = Promises::default();
    let driver = show.run(|driver| promises.look(driver));
    let all = periods(&mpd(&driver, Edge::OpenSegments).unwrap());
    let (before, last) = (&all[all.len() - 2], &all[all.len() - 1]);
    assert!(!before.templates.contains_key("aac") && last.templates.contains_key("aac"));
    assert_eq!(last.period["start"], "PT10.000000S");
}

#[test]
fn no_list_is_left_before_a_regular_period_that_players_have_come_to() {
    let show = Show {
        passed_on: Some((10_000, 20_000)),
        length_ms: 56_000,
        ..Show::default()
    };
    let mut firsts = Vec::new();
    let driver = show.run(|driver| {
        if let Some(xml) = mpd(driver, Edge::OpenSegments) {
            let all = periods(&xml);
            let n_listed = all.iter().filter(|period| period.is_listed()).count();
            firsts.push((driver.now, n_listed));
        }
    });
    let at = |second: u64| Instant::START + ms(second * 1_000);
    let n_listed_at = |from: u64, to: u64| {
        let seen = firsts
            .iter()
            .filter(move |(now, _)| (at(from)..at(to)).contains(now));
        seen.map(|(_, n_listed)| *n_listed)
            .collect::<std::collections::BTreeSet<_>>()
    };
    // The first segment of a stream, which is a part long, needs no list.
    assert_eq!(n_listed_at(0, 10), [0].into());
    assert_eq!(n_listed_at(14, 48), [1].into());
    assert_eq!(n_listed_at(53, 56), [0].into());
    let xml = mpd(&driver, Edge::OpenSegments).unwrap();
    let all = periods(&xml);
    let start = all[0].period["start"]
        .strip_prefix("PT")
        .unwrap()
        .strip_suffix('S')
        .unwrap();
    let start: f64 = start.parse().unwrap();
    assert!((20.0..23.0).contains(&start), "{start}");
    let root = attributes(&elements(&xml)[0].2);
    let depth = root["timeShiftBufferDepth"]
        .strip_prefix("PT")
        .unwrap()
        .strip_suffix('S')
        .unwrap();
    assert!(
        depth.parse::<f64>().unwrap() <= 56.0 - start + 0.1,
        "{depth}"
    );
    // All of it is in the other one.
    let whole = periods(&mpd(&driver, Edge::WholeSegments).unwrap());
    assert!(whole.len() >= 2);
}
