//! SSRCs are drawn, and nobody asks whether they are taken: two publishers of different rooms may have the same, and one may
//! use one of its own twice (RFC 3550 section 8.2).

use std::collections::BTreeSet;
use std::time::Duration;

use freshet_sim::forger::header_of;
use freshet_sim::oracle::{continuity, decodability, isolation, player};
use freshet_sim::publisher::{Camera, H264};
use freshet_sim::world::{BrowserId, JoinError, World};
use sfu_core::demux::{self, PacketKind};
use sfu_model::codec::MediaKind;
use sfu_model::rtp::SeqNo;

fn ssrc_of(bytes: &[u8]) -> u32 {
    u32::from_be_bytes(bytes[8..12].try_into().unwrap())
}

fn is_rtp(bytes: &[u8]) -> bool {
    demux::kind_of(bytes) == Some(PacketKind::Rtp)
}

fn ssrcs(heard: &[Vec<u8>]) -> BTreeSet<u32> {
    let media = heard.iter().filter(|bytes| is_rtp(bytes));
    media.map(|bytes| ssrc_of(bytes)).collect()
}

/// The number of the participant who publishes in each of two rooms.
const ROOMS: [(&str, u32); 2] = [("one", 0), ("two", 1)];

#[test]
fn publishers_of_two_rooms_with_the_same_ssrcs_stay_apart() {
    for n_workers in [1, 2] {
        let mut world = World::new(340, n_workers);
        let publishers = ROOMS.map(|(room, _)| {
            // Both engines draw alike.
            fastrand::seed(7);
            let publisher = world.publish(room, Camera::new(H264).simulcast()).unwrap();
            world.overhear(publisher);
            publisher
        });
        world.run_for(Duration::from_secs(2));
        let heard = publishers.map(|publisher| ssrcs(&world.overhear(publisher)));
        assert_eq!(heard[0], heard[1]);
        assert!(heard[0].len() >= 4, "{heard:?}");
        let viewers = ROOMS.map(|(room, _)| world.watch(room).unwrap());
        world.run_for(Duration::from_secs(3));
        for (viewer, (room, publisher)) in viewers.into_iter().zip(ROOMS) {
            let seen = world.viewer(viewer);
            let verdict = player::check(seen, &[publisher], continuity::Bounds::STRICT);
            assert_eq!(verdict, Ok(()), "{room}");
            let n_shown = seen.decoder.shown.len();
            assert!(n_shown > 60, "{n_shown} pictures in {room}");
        }
    }
}

/// What its offer announces for video is what it announced for sound.
fn collide(offer: String) -> String {
    let announced: Vec<&str> = offer
        .lines()
        .filter_map(|line| line.strip_prefix("a=ssrc:")?.split(' ').next())
        .collect();
    let (Some(first), Some(last)) = (announced.first(), announced.last()) else {
        return offer;
    };
    let (first, last) = (format!("a=ssrc:{first} "), format!("a=ssrc:{last} "));
    offer.replace(&last, &first)
}

#[test]
fn an_offer_that_announces_one_ssrc_twice_is_refused_or_its_streams_are_told_apart() {
    let mut world = World::new(341, 1);
    let joined = world.join_at_worker("demo", Some((Camera::new(H264), false)), collide);
    match joined {
        Err(JoinError::RefusedByWorker(_)) => return,
        other => other.unwrap(),
    };
    world.run_for(Duration::from_secs(2));
    let viewer = world.watch("demo").unwrap();
    world.run_for(Duration::from_secs(3));
    let seen = world.viewer(viewer);
    let verdict = player::check(seen, &[0], continuity::Bounds::STRICT);
    assert_eq!(verdict, Ok(()));
    assert!(seen.decoder.shown.len() > 60);
    assert!(seen.audio.len() > 120);
}

/// The header of the newest packet with this SSRC, and its extended number.
fn newest(heard: &[Vec<u8>], ssrc: u32) -> (Vec<u8>, SeqNo) {
    let mut extended: Option<u64> = None;
    let mut header = Vec::new();
    let of_ssrc = heard
        .iter()
        .filter(|bytes| is_rtp(bytes) && ssrc_of(bytes) == ssrc);
    for bytes in of_ssrc {
        let wire = u16::from_be_bytes([bytes[2], bytes[3]]);
        extended = Some(match extended {
            None => u64::from(wire),
            Some(last) => last + u64::from(wire.wrapping_sub(last as u16)),
        });
        header = header_of(bytes).unwrap().to_vec();
    }
    (header, SeqNo(extended.unwrap()))
}

fn publisher_and_viewer(seed: u64) -> (World, BrowserId, BrowserId) {
    let mut world = World::new(seed, 1);
    let publisher = world.publish("demo", Camera::new(H264)).unwrap();
    world.overhear(publisher);
    world.run_for(Duration::from_secs(1));
    let viewer = world.watch("demo").unwrap();
    world.run_for(Duration::from_secs(2));
    (world, publisher, viewer)
}

/// Sound under the SSRC of the video, sealed with the publisher's own keys: it loses the picture whose number was taken, and
/// comes back with the next keyframe.
#[test]
fn sound_under_the_ssrc_of_the_video_is_not_taken_for_pictures() {
    let (mut world, publisher, viewer) = publisher_and_viewer(342);
    let mut forger = world.browser_mut(publisher).engine().forger().unwrap();
    let address = world.browser(publisher).address;
    let mut heard = world.overhear(publisher);
    let media: Vec<&Vec<u8>> = heard.iter().filter(|bytes| is_rtp(bytes)).collect();
    let largest = media.iter().max_by_key(|bytes| bytes.len());
    let video = ssrc_of(largest.unwrap());
    let mut ssrcs = media.iter().map(|bytes| ssrc_of(bytes));
    let sound = ssrcs.find(|ssrc| *ssrc != video).unwrap();
    for _ in 0..10 {
        let (mut header, _) = newest(&heard, sound);
        let (_, number) = newest(&heard, video);
        header[8..12].copy_from_slice(&video.to_be_bytes());
        let forged = forger.seal_rtp(&header, SeqNo(number.0 + 1), &[0x78; 60]);
        world.inject(address, forged.unwrap());
        world.run_for(Duration::from_millis(300));
        heard.extend(world.overhear(publisher));
    }
    let over_at = world.now();
    world.run_for(Duration::from_secs(3));
    for browser in world.browsers() {
        assert_eq!((browser.close_reason, browser.was_closed), (None, false));
    }
    let seen = world.viewer(viewer);
    let bounds = continuity::Bounds {
        missing_max: 100,
        ..continuity::Bounds::STRICT
    };
    assert_eq!(continuity::check(&seen.audio, bounds), Ok(()));
    assert_eq!(continuity::check(&seen.video, bounds), Ok(()));
    assert_eq!(decodability::check(&seen.decoder, 0), Ok(()));
    assert_eq!(isolation::check(seen, &[0]), Ok(()));
    assert!(seen.video.iter().all(|p| p.stamp.kind == MediaKind::Video));
    let shown = &seen.decoder.shown;
    let n_after = shown.iter().filter(|s| s.at > over_at).count();
    assert!(n_after > 40, "{n_after} pictures when it was over");
}
