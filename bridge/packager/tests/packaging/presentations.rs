//! The same stream as it is seen by whom: the DVR playlist, delta updates, the multivariant playlist, and DASH.

use std::collections::BTreeMap;
use std::sync::Arc;

use bridge_packager::config::Windows;
use bridge_packager::dash::mpd::Presentation;
use bridge_packager::dash::{Edge, Listed};
use bridge_packager::latency::LatencyMode;
use bridge_packager::playlist::multivariant::{View, multivariant};
use bridge_packager::playlist::skip::Skip;
use sfu_model::codec::MediaKind;

use crate::driver::{Driver, aac, frame, ms, name};
use crate::reader::{attributes, read};
use crate::streams::{Lane, Plan};

fn ladder(length_ms: u64, reconnect: Option<(u64, bool)>) -> Driver {
    let lanes = vec![
        Lane::video("720p"),
        Lane::video("360p"),
        Lane::audio("aac"),
        Lane::audio("opus"),
    ];
    Plan {
        latency: LatencyMode::Low,
        lanes,
        length_ms,
        reconnect,
        seed: 17,
    }
    .run()
}

pub(crate) fn listed(driver: &Driver) -> Vec<Listed> {
    let renditions = driver.renditions.iter();
    renditions
        .map(|info| (info.clone(), Arc::clone(&driver.media[info.name.as_str()])))
        .collect()
}

fn mpd(driver: &Driver) -> String {
    let presentation = Presentation {
        renditions: &listed(driver),
        base_uri: "../../hls/show/",
        clock_uri: "../../time",
        edge: Edge::OpenSegments,
    };
    presentation.mpd().unwrap()
}

/// The elements of an XML document, each with its depth, its name, and its attributes. Elements that are not closed by
/// their own name are a panic.
pub(crate) fn elements(xml: &str) -> Vec<(usize, String, String)> {
    let mut found = Vec::new();
    let mut open: Vec<String> = Vec::new();
    for tag in xml.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').unwrap();
        if tag.starts_with('?') {
            continue;
        }
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name));
            continue;
        }
        let inside = tag.strip_suffix('/').unwrap_or(tag);
        let (name, rest) = inside.split_once(' ').unwrap_or((inside, ""));
        found.push((open.len(), name.to_owned(), rest.replace("\" ", "\",")));
        if !tag.ends_with('/') {
            open.push(name.to_owned());
        }
    }
    assert!(open.is_empty(), "{open:?} is not closed");
    found
}

fn count(xml: &str, name: &str) -> usize {
    elements(xml).iter().filter(|(_, n, _)| n == name).count()
}

#[test]
fn the_multivariant_playlist_is_measured() {
    let driver = ladder(12_000, None);
    let text = multivariant(&driver.renditions, View::Live);
    let infos: Vec<&str> = text.lines().filter(|l| l.contains("STREAM-INF")).collect();
    assert_eq!(infos.len(), 4, "two sizes with two kinds of sound\n{text}");
    let first = attributes(infos[0].split_once(':').unwrap().1);
    assert_eq!(first["CODECS"], "avc1.42e01f,mp4a.40.2");
    assert_eq!(first["FRAME-RATE"], "30.000");
    let bandwidth: u64 = first["BANDWIDTH"].parse().unwrap();
    let average: u64 = first["AVERAGE-BANDWIDTH"].parse().unwrap();
    assert!(average > 0 && average <= bandwidth);
    // No segment is above it, of those that are long enough to count.
    for rendition in ["720p", "360p"] {
        let info = driver
            .renditions
            .iter()
            .find(|i| i.name.as_str() == rendition);
        let segments = driver.media[rendition].segments.iter();
        for segment in segments.filter(|segment| segment.duration >= ms(1_000)) {
            let bits = u64::from(segment.size_bytes) * 8 * 1_000_000;
            let bps = bits / segment.duration.as_micros() as u64;
            assert!(bps <= info.unwrap().peak_bps);
        }
    }
}

#[test]
fn the_dvr_playlist_goes_further_back_and_has_no_parts() {
    let driver = ladder(60_000, None);
    let media = &driver.media["720p"];
    let (live, dvr) = (media.live(Skip::No), media.dvr(Skip::No));
    for tag in [
        "EXT-X-PART",
        "PRELOAD",
        "RENDITION-REPORT",
        "CAN-BLOCK",
        "PLAYLIST-TYPE",
    ] {
        assert!(!dvr.contains(tag), "{tag}");
    }
    let (live, dvr) = (read(&live), read(&dvr));
    assert!(dvr.first < live.first);
    assert_eq!(dvr.target_s, live.target_s);
    assert!(
        (20_000_000..25_000_000).contains(&live.duration()),
        "{}",
        live.duration()
    );
    assert!(
        (40_000_000..44_000_000).contains(&dvr.duration()),
        "{}",
        dvr.duration()
    );
    let delta = read(&media.dvr(Skip::Yes));
    assert!(delta.skipped.unwrap() > 8);
    assert_eq!(delta.first, dvr.first);
}

#[test]
fn a_discontinuity_that_is_skipped_or_removed_is_still_counted() {
    let driver = ladder(75_000, Some((20_000, true)));
    let mut counts = Vec::new();
    let of_video = driver.history.iter().map(|(_, media)| media);
    for media in of_video.filter(|media| media.rendition.as_str() == "720p") {
        let (full, delta) = (read(&media.dvr(Skip::No)), read(&media.dvr(Skip::Yes)));
        assert_eq!(full.discontinuity_sequence, delta.discontinuity_sequence);
        let broken = full.segments.iter().position(|s| s.is_discontinuous);
        let skipped = delta.skipped.unwrap_or(0) as usize;
        counts.push((full.discontinuity_sequence, broken.map(|at| at < skipped)));
    }
    counts.dedup();
    let listed = [(0, None), (0, Some(false)), (0, Some(true)), (1, None)];
    assert_eq!(counts, listed);
}

#[test]
fn lh_26_all_renditions_give_the_same_moment_the_same_date() {
    let driver = ladder(30_000, Some((14_000, true)));
    // The wall time of the timeline's zero as each segment tells it, by number.
    let mut zeros: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    for info in driver.renditions.iter() {
        for segment in driver.media[info.name.as_str()].segments.iter() {
            let head = &segment.head;
            let starts_at = info.clock_rate.duration(head.starts_at.0);
            let zero = head.program_date_time_ms - starts_at.as_millis() as u64;
            zeros.entry(head.number.0).or_default().push(zero);
        }
    }
    assert!(zeros.len() >= 12, "{zeros:?}");
    for (number, zeros) in zeros {
        assert_eq!(zeros.len(), 4, "segment {number}");
        let apart = zeros.iter().max().unwrap() - zeros.iter().min().unwrap();
        // A date is cut to a millisecond, and so is where a segment starts.
        assert!(apart <= 1, "segment {number}: {zeros:?}");
    }
}

#[test]
fn the_mpd_names_the_same_segments() {
    let driver = ladder(30_000, None);
    let xml = mpd(&driver);
    let all = elements(&xml);
    let of = |name: &str| -> Vec<_> {
        let named = all.iter().filter(|(_, n, _)| n == name);
        named.map(|(_, _, rest)| attributes(rest)).collect()
    };
    assert_eq!(of("MPD")[0]["type"], "dynamic");
    assert_eq!(
        of("MPD")[0]["availabilityStartTime"],
        "2026-03-01T12:00:00.000Z"
    );
    assert_eq!(of("UTCTiming")[0]["value"], "../../time");
    assert_eq!(
        of("AdaptationSet").len(),
        3,
        "pictures, and two kinds of sound"
    );
    assert_eq!(of("Representation").len(), 4);
    let mut starts = Vec::new();
    for (_, name, rest) in &all {
        let attributes = attributes(rest);
        match name.as_str() {
            "Representation" => starts.push((attributes["id"].clone(), Vec::new())),
            "S" => {
                let (at, each) = (attributes["t"].parse::<u64>().unwrap(), &attributes["d"]);
                let repeat = attributes.get("r").map_or(0, |r| r.parse::<u64>().unwrap());
                let times = (0..=repeat).map(|n| at + n * each.parse::<u64>().unwrap());
                starts.last_mut().unwrap().1.extend(times);
            }
            _ => {}
        }
    }
    for (rendition, starts) in starts {
        let segments = driver.media[&rendition].segments.iter();
        let wanted: Vec<u64> = segments.map(|s| s.head.starts_at.0).collect();
        assert_eq!(starts, wanted, "{rendition}");
    }
    let template = &of("SegmentTemplate")[0];
    assert_eq!(template["media"], "0a1b2c3d/$Number$.m4s");
    assert_eq!(template["initialization"], "0a1b2c3d/init-0.mp4");
    assert_eq!(template["timescale"], "90000");
    assert!(xml.contains("<BaseURL>../../hls/show/</BaseURL>"));
}

#[test]
fn a_discontinuity_begins_a_period_in_which_time_goes_on() {
    let driver = ladder(30_000, Some((14_000, true)));
    let xml = mpd(&driver);
    assert_eq!(count(&xml, "Period"), 2);
    let offsets: Vec<f64> = elements(&xml)
        .iter()
        .filter(|(_, name, _)| name == "SegmentTemplate")
        .map(|(_, _, rest)| attributes(rest))
        .map(|a| {
            let number = |name: &str| a[name].parse::<f64>().unwrap();
            number("presentationTimeOffset") / number("timescale")
        })
        .collect();
    assert_eq!(offsets[..4], [0.0; 4]);
    let start = offsets[4];
    assert!((13.9..14.1).contains(&start), "{offsets:?}");
    let near = |offset: &f64| (offset - start).abs() < 0.001;
    assert!(
        offsets[4..].iter().all(near),
        "one start for all: {offsets:?}"
    );
}

#[test]
fn a_period_keeps_its_name_when_it_is_the_oldest() {
    let ids = |driver: &Driver| -> Vec<String> {
        let xml = mpd(driver);
        let all = elements(&xml).into_iter();
        let periods = all.filter(|(_, name, _)| name == "Period");
        periods
            .map(|(_, _, rest)| attributes(&rest)["id"].clone())
            .collect()
    };
    let both = ids(&ladder(30_000, Some((14_000, true))));
    assert_eq!(both.len(), 2);
    // What was before the discontinuity has left the window.
    let later = ids(&ladder(75_000, Some((14_000, true))));
    assert_eq!(later, both[1..]);
}

#[test]
fn a_rendition_is_left_out_of_the_period_in_which_it_has_nothing() {
    let mut lanes = vec![Lane::video("720p"), Lane::video("360p")];
    lanes[1].silence = Some((8_000, 17_000));
    let plan = Plan {
        latency: LatencyMode::Low,
        lanes,
        length_ms: 30_000,
        reconnect: None,
        seed: 19,
    };
    let xml = mpd(&plan.run());
    assert_eq!(count(&xml, "Period"), 3);
    assert_eq!(count(&xml, "Representation"), 5);
}

#[test]
fn an_ended_stream_is_a_static_presentation() {
    let mut driver = ladder(10_000, None);
    driver.end();
    let xml = mpd(&driver);
    let root = attributes(&elements(&xml)[0].2);
    assert_eq!(root["type"], "static");
    assert!(
        root["mediaPresentationDuration"].starts_with("PT10.0"),
        "{root:?}"
    );
    assert!(
        !root.contains_key("minimumUpdatePeriod") && !root.contains_key("availabilityStartTime")
    );
}

#[test]
fn two_hours_are_listed_and_no_more() {
    let windows = Windows::default();
    let sound = [("aac", MediaKind::Audio)];
    let mut driver = Driver::with_windows(LatencyMode::Standard, &sound, windows);
    // Without the oracle, which reads every playlist: here only the last one is of interest.
    let n_frames = (windows.dvr + ms(600_000)).as_millis() as u64 * 48 / 1_024;
    for number in 0..n_frames {
        let frame = frame(&aac(), number * 1_024, true);
        driver
            .packager
            .handle_frame(&name("aac"), &frame, frame.captured_at);
        while let Some(event) = driver.packager.poll_event() {
            if let bridge_packager::event::Event::Playlist(media) = event {
                driver.media.insert("aac".to_owned(), media);
            }
        }
    }
    let media = &driver.media["aac"];
    let kept = media.duration();
    assert!(
        kept >= windows.dvr && kept <= windows.dvr + ms(2_500),
        "{kept:?}"
    );
    assert!(media.segments.len() < 3_700, "{}", media.segments.len());
    let whole = media.dvr(Skip::No).len();
    let delta = media.dvr(Skip::Yes).len();
    assert!(
        whole > 300_000 && delta < 1_500,
        "{whole} and {delta} bytes"
    );
}
