//! Renditions that show another's pictures for a while, and what is told of them meanwhile.

use std::sync::Arc;

use bridge_packager::dash::mpd::Presentation;
use bridge_packager::dash::{Edge, Listed};
use bridge_packager::latency::LatencyMode;
use bridge_packager::rendition::RenditionOutline;
use sfu_model::codec::MediaKind;
use sfu_model::frame::{Format, Frame};
use sfu_model::packet::Dimensions;
use sfu_model::time::Instant;

use crate::driver::{Driver, frame, ms, name};
use crate::presentations::elements;
use crate::reader::attributes;

const TWO: [(&str, MediaKind); 2] = [("720p", MediaKind::Video), ("360p", MediaKind::Video)];

/// Of a profile, and with pictures of so many bytes.
fn pictures(height: u16, profile: u8, n_bytes: usize, number: u64) -> Frame {
    let format = Arc::new(Format::H264 {
        sps: Box::new([0x67, profile, 0x40, 0x1f, height.to_le_bytes()[0], 0x80]),
        pps: Box::new([0x68, 0xce, 0x3c, 0]),
        size: Dimensions {
            width: height / 9 * 16,
            height,
        },
    });
    Frame {
        data: Arc::from(vec![0; n_bytes]),
        ..frame(&format, number * 3_000, number.is_multiple_of(60))
    }
}

/// For so many seconds each: its own, the other's, its own again, in `borrower`.
fn show(borrower: &str, own_s: u64, borrowed_s: u64) -> Driver {
    let mut driver = Driver::new(LatencyMode::Low, &TWO);
    let borrows = own_s * 30..(own_s + borrowed_s) * 30;
    for number in 0..(own_s * 2 + borrowed_s) * 30 {
        let large = pictures(720, 0x4d, 10_000, number);
        let small = pictures(360, 0x42, 2_000, number);
        let now = large.captured_at;
        driver.run_until(now);
        for (rendition, own, other) in [("720p", &large, &small), ("360p", &small, &large)] {
            let (rendition, packager) = (name(rendition), &mut driver.packager);
            match rendition.as_str() == borrower && borrows.contains(&number) {
                true => packager.handle_borrowed_frame(&rendition, other, now),
                false => packager.handle_frame(&rendition, own, now),
            }
            driver.collect();
        }
    }
    driver
}

fn outline<'d>(driver: &'d Driver, rendition: &str) -> &'d RenditionOutline {
    let mut outlines = driver.renditions.iter();
    outlines
        .find(|outline| outline.name.as_str() == rendition)
        .unwrap()
}

/// Size, bit rates to the nearest hundred kbit/s, and codecs.
fn told(driver: &Driver, rendition: &str) -> (u16, u64, u64, String) {
    let info = outline(driver, rendition);
    let rounded = |bps: u64| (bps + 50_000) / 100_000;
    let height = info.size.unwrap().height;
    let (peak, average) = (rounded(info.peak_bps), rounded(info.average_bps));
    (height, peak, average, info.codecs.to_string())
}

#[test]
fn who_shows_a_smaller_one_is_told_of_as_itself_before_meanwhile_and_after() {
    let itself = (720, 24, 24, "avc1.4d401f".to_owned());
    let mut driver = show("720p", 6, 0);
    assert_eq!(told(&driver, "720p"), itself);
    driver = show("720p", 6, 30);
    assert_eq!(told(&driver, "720p"), itself);
    assert_eq!(told(&driver, "360p").1, 5, "the other is as it was");
    assert!(driver.n_inits["720p"] == 3, "it did show the other");
}

#[test]
fn who_shows_a_larger_one_is_told_of_as_that_while_it_does() {
    let mut driver = Driver::new(LatencyMode::Low, &TWO);
    let mut seen = Vec::new();
    for number in 0..900 {
        let now = Instant::START + ms(number * 1_000 / 30);
        driver.run_until(now);
        let (large, small) = (
            pictures(720, 0x4d, 10_000, number),
            pictures(360, 0x42, 2_000, number),
        );
        let low = name("360p");
        match (300..600).contains(&number) {
            true => driver.packager.handle_borrowed_frame(&low, &large, now),
            false => driver.packager.handle_frame(&low, &small, now),
        }
        driver.collect();
        if [290, 590, 890].contains(&number) {
            seen.push(told(&driver, "360p"));
        }
    }
    let [before, meanwhile, after] = &seen[..] else {
        panic!("{seen:?}");
    };
    assert_eq!((before.0, before.1), (360, 5));
    assert_eq!((meanwhile.0, meanwhile.1), (720, 24));
    assert_eq!((after.0, after.1, after.2), (360, 5, 5));
    // What is listed is still of both.
    assert_eq!(after.3, "avc1.4d401f");
    // And so is the peak, when nothing more will come.
    driver.packager.handle_end(Instant::START + ms(30_000));
    driver.collect();
    let at_the_end = told(&driver, "360p");
    assert_eq!((at_the_end.0, at_the_end.1), (360, 24));
}

#[test]
fn each_period_of_an_mpd_has_the_codec_and_the_size_of_its_own_media() {
    let driver = show("720p", 6, 6);
    let renditions = driver.renditions.iter();
    let listed: Vec<Listed> = renditions
        .map(|info| (info.clone(), Arc::clone(&driver.media[info.name.as_str()])))
        .collect();
    let presentation = Presentation {
        renditions: &listed,
        base_uri: "../../hls/show/",
        clock_uri: "../../time",
        edge: Edge::WholeSegments,
    };
    let xml = presentation.mpd().unwrap();
    let of_720p = elements(&xml).into_iter().filter_map(|(_, name, rest)| {
        let attributes = (name == "Representation").then(|| attributes(&rest))?;
        let is_it = attributes["id"] == "720p";
        is_it.then(|| {
            (
                attributes["codecs"].to_owned(),
                attributes["height"].to_owned(),
            )
        })
    });
    let pair = |codecs: &str, height: &str| (codecs.to_owned(), height.to_owned());
    let wanted = [
        pair("avc1.4d401f", "720"),
        pair("avc1.42401f", "360"),
        pair("avc1.4d401f", "720"),
    ];
    assert_eq!(of_720p.collect::<Vec<_>>(), wanted, "{xml}");
}

/// The smaller one shows the larger from ten seconds on, in a stream whose pictures come first of the larger and then of the
/// smaller, and is `expected` to. How many parts stand in for pictures, and how often decoders begin anew in each.
fn changes_at_a_keyframe(expected: bool) -> (u64, [u64; 2]) {
    let mut driver = Driver::new(LatencyMode::Low, &TWO);
    driver.oracle.patience = ms(130);
    for number in 0..600 {
        let now = Instant::START + ms(number * 1_000 / 30);
        driver.run_until(now);
        if expected && number == 250 {
            driver.packager.expect_break(ms(10_000));
        }
        let large = pictures(720, 0x4d, 10_000, number);
        let small = pictures(360, 0x42, 2_000, number);
        let [high, low] = ["720p", "360p"].map(name);
        driver.packager.handle_frame(&high, &large, now);
        driver.collect();
        match number >= 300 {
            true => driver.packager.handle_borrowed_frame(&low, &large, now),
            false => driver.packager.handle_frame(&low, &small, now),
        }
        driver.collect();
    }
    let anew = ["720p", "360p"].map(|rendition| {
        let segments = driver.media[rendition].segments.iter();
        segments
            .map(|s| s.head.discontinuity_sequence)
            .max()
            .unwrap()
    });
    (driver.packager.stats().stand_in_parts, anew)
}

#[test]
fn a_change_that_is_expected_costs_nobody_a_picture() {
    assert_eq!(changes_at_a_keyframe(true), (0, [1, 1]));
    let (stand_ins, _) = changes_at_a_keyframe(false);
    assert!(stand_ins > 0, "one that is not is what there is to lose");
}
