//! Discontinuous transmission (RFC 7587 section 3.1.3): an encoder with nothing to say sends next to nothing, and nobody takes
//! that for a fault.

use std::time::Duration;

use freshet_sim::oracle::freeze;
use freshet_sim::publisher::Camera;
use freshet_sim::source::Silence;
use freshet_sim::world::{BrowserId, World};
use sfu_core::event::Event;
use sfu_model::codec::Codec;
use sfu_model::time::Instant;

use crate::sound_survives_loss::without_red;

fn fall_silent(world: &mut World, publisher: BrowserId, silence: Option<Silence>) {
    let publisher = world.browser_mut(publisher).publisher().expect("it sends");
    publisher.fall_silent(silence);
}

/// All that came of its sound, silence too: when, which number, which time; in the order of numbers.
fn sound(world: &World, viewer: BrowserId) -> Vec<(Instant, u64, u64)> {
    let seen = world.viewer(viewer);
    let packets = seen.audio.iter().map(|p| (p.at, p.sequence, p.time));
    let mut all: Vec<_> = packets.chain(seen.comfort.iter().copied()).collect();
    all.sort_unstable_by_key(|(_, sequence, _)| *sequence);
    all
}

/// No number is missing, and the timeline moves as the clock does.
fn check_timeline(all: &[(Instant, u64, u64)]) {
    for pair in all.windows(2) {
        let [(at, sequence, time), (next_at, next_sequence, next_time)] = pair else {
            unreachable!("pairs")
        };
        assert_eq!(*next_sequence, sequence + 1);
        let passed = (*next_at - *at).as_micros() as i64;
        let moved = next_time.wrapping_sub(*time).cast_signed() * 1_000 / 48;
        assert!(
            (passed - moved).abs() < 5_000,
            "{passed} us, by the packets {moved}"
        );
    }
}

fn has_fallen_silent(world: &World) -> bool {
    let mut events = world.events().iter();
    events.any(|(_, _, event)| matches!(event, Event::RoomSilent { .. }))
}

#[test]
fn pictures_go_on_while_there_is_nothing_to_hear() {
    for (silence, seed) in [(Silence::Comfort, 101), (Silence::Nothing, 102)] {
        let camera = Camera::new(Codec::Vp8);
        let mut world = World::new(seed, 2);
        let publisher = world.publish("demo", camera).unwrap();
        world.run_for(Duration::from_secs(1));
        world.watch("demo").unwrap();
        let viewer = world.watch("demo").unwrap();
        world.run_for(Duration::from_secs(2));
        let from = world.now();
        fall_silent(&mut world, publisher, Some(silence));
        world.run_for(Duration::from_secs(5));
        let n_before = world.viewer(viewer).audio.len();
        fall_silent(&mut world, publisher, None);
        world.run_for(Duration::from_secs(2));

        let seen = world.viewer(viewer);
        let n_comfort = seen.comfort.len();
        match silence {
            Silence::Comfort => assert!((11..=13).contains(&n_comfort), "{n_comfort}"),
            Silence::Nothing => assert_eq!(n_comfort, 0),
        }
        assert!(
            seen.audio.len() > n_before + 90,
            "it is heard again at once"
        );
        check_timeline(&sound(&world, viewer));
        let bound = Duration::from_millis(60);
        let shown = &world.viewer(viewer).decoder.shown;
        assert_eq!(freeze::check(shown, from, world.now(), bound), Ok(()));
        assert!(!has_fallen_silent(&world));
        assert_eq!(world.viewer(viewer).n_keyframe_requests, 0);
    }
}

/// A publisher of RED takes the silence apart from what it carries of before, and so does a viewer that takes it; each without
/// the other.
#[test]
fn silence_passes_plain_and_through_redundancy() {
    for (seed, sends_red, takes_red) in [
        (105, false, false),
        (106, true, false),
        (107, false, true),
        (108, true, true),
    ] {
        let camera = Camera {
            sends_red,
            ..Camera::new(Codec::Vp8)
        };
        let mut world = World::new(seed, 2);
        let publisher = world.publish("demo", camera).unwrap();
        world.run_for(Duration::from_secs(1));
        let offer = |offer: String| match takes_red {
            true => offer,
            false => without_red(&offer),
        };
        world.join("demo", None, offer).unwrap();
        let viewer = world.join("demo", None, offer).unwrap();
        world.run_for(Duration::from_secs(2));
        let from = world.now();
        for _ in 0..3 {
            fall_silent(&mut world, publisher, Some(Silence::Comfort));
            world.run_for(Duration::from_secs(3));
            fall_silent(&mut world, publisher, None);
            world.run_for(Duration::from_secs(2));
        }

        let seen = world.viewer(viewer);
        assert!((18..=24).contains(&seen.comfort.len()), "{seed}");
        assert_eq!((seen.n_damaged, seen.n_audio_recovered), (0, 0), "{seed}");
        assert_eq!(seen.n_keyframe_requests, 0, "{seed}");
        check_timeline(&sound(&world, viewer));
        let (shown, bound) = (&seen.decoder.shown, Duration::from_millis(60));
        assert_eq!(freeze::check(shown, from, world.now(), bound), Ok(()));
        assert!(!has_fallen_silent(&world));
        assert_eq!(world.browser(publisher).close_reason, None);
    }
}

#[test]
fn a_radio_may_pause_for_a_minute() {
    for (silence, seed) in [(Silence::Comfort, 103), (Silence::Nothing, 104)] {
        let camera = Camera {
            video: None,
            ..Camera::new(Codec::Vp8)
        };
        let mut world = World::new(seed, 1);
        let publisher = world.publish("demo", camera).unwrap();
        world.run_for(Duration::from_secs(1));
        let viewer = world.watch("demo").unwrap();
        world.run_for(Duration::from_secs(2));
        fall_silent(&mut world, publisher, Some(silence));
        world.run_for(Duration::from_secs(60));
        let n_before = world.viewer(viewer).audio.len();
        fall_silent(&mut world, publisher, None);
        world.run_for(Duration::from_secs(1));
        let n_after = world.viewer(viewer).audio.len();
        assert!(n_after >= n_before + 45, "{}", n_after - n_before);
        check_timeline(&sound(&world, viewer));
        assert!(!has_fallen_silent(&world), "{silence:?}");
        for browser in [publisher, viewer] {
            assert_eq!(world.browser(browser).close_reason, None);
        }
    }
}
