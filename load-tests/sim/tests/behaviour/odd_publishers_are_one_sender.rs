//! A publisher with true keys that counts, times and packetizes as it likes: its viewers still hear one sender, and whatever
//! it does is over when it stops.

use std::time::Duration;

use freshet_sim::layers::Scalability;
use freshet_sim::network::{Conditions, Loss, PerMille};
use freshet_sim::oracle::continuity::{self, Bounds};
use freshet_sim::publisher::{Camera, Fault, VIDEO_CODECS};
use freshet_sim::source::{Encoder, Made};
use freshet_sim::stamp::Stamp;
use freshet_sim::viewer::Viewer;
use freshet_sim::world::{BrowserId, World};
use sfu_core::budget::choice::LayerChoice;
use sfu_core::command::Command;
use sfu_model::codec::{Codec, MediaKind};
use sfu_model::packet::Dimensions;

/// How long it is odd.
const ODD: Duration = Duration::from_secs(6);

/// Numbers may be missing: what continues is the sender.
const BOUNDS: Bounds = Bounds {
    missing_max: u64::MAX,
    ..Bounds::STRICT
};

struct Stage {
    world: World,
    publisher: BrowserId,
    viewers: [BrowserId; 2],
}

impl Stage {
    /// A publisher and two viewers, one on its worker and one on another.
    fn new(seed: u64, camera: Camera) -> Self {
        let mut world = World::new(seed, 2);
        let publisher = world.publish("demo", camera).unwrap();
        world.run_for(Duration::from_secs(1));
        let viewers = [(); 2].map(|()| world.watch("demo").unwrap());
        world.run_for(Duration::from_secs(2));
        Self {
            world,
            publisher,
            viewers,
        }
    }

    fn set_fault(&mut self, fault: Option<Fault>) {
        let publisher = self.world.browser_mut(self.publisher).publisher();
        publisher.unwrap().fault = fault;
    }

    /// The sessions live, and each viewer has heard one sender of each kind.
    fn assert_one_sender(&self) {
        for browser in self.world.browsers() {
            assert_eq!((browser.close_reason, browser.was_closed), (None, false));
        }
        for viewer in self.viewers {
            let seen = self.world.viewer(viewer);
            assert_eq!(continuity::check_sender(&seen.audio, BOUNDS), Ok(()));
            assert_eq!(continuity::check_sender(&seen.video, BOUNDS), Ok(()));
        }
    }

    /// Once it behaves again, and has sent the keyframe that is asked for, there are pictures, of one packet at least.
    fn assert_recovers(&mut self) {
        self.world.run_for(Duration::from_secs(3));
        let from = self.world.now();
        self.world.run_for(Duration::from_secs(2));
        self.assert_one_sender();
        for viewer in self.viewers {
            let since = |v: &Viewer| v.video.iter().filter(|p| p.at > from).count();
            let n_packets = since(self.world.viewer(viewer));
            assert!(n_packets >= 45, "{n_packets} packets after it was over");
        }
    }
}

fn survive(fault: Fault) {
    survive_until(fault, None);
}

/// It goes on otherwise after a while.
fn survive_until(fault: Fault, after: Option<Fault>) {
    for (codec, seed) in VIDEO_CODECS.into_iter().zip(360..) {
        let mut stage = Stage::new(seed, Camera::new(codec));
        stage.set_fault(Some(fault));
        stage.world.run_for(ODD);
        stage.assert_one_sender();
        stage.set_fault(after);
        stage.assert_recovers();
    }
}

fn frame_of(made: &Made) -> u32 {
    Stamp::read(&made.payload).map_or(0, |stamp| stamp.frame)
}

/// It stays where its leaps brought it: lower numbers were used.
const LEAP: Fault = |_, made| made.sequence += u64::from(frame_of(made) / 50).min(4) * 30_000;

#[test]
fn numbers_may_leap_by_30_000() {
    survive_until(LEAP, Some(LEAP));
}

#[test]
fn numbers_may_leap_by_30_000_while_a_tenth_is_lost() {
    let lossy = Conditions {
        loss: Loss::Random(PerMille(100)),
        ..Conditions::default()
    };
    for (codec, seed) in VIDEO_CODECS.into_iter().zip(380..) {
        let mut stage = Stage::new(seed, Camera::new(codec));
        let everybody = [stage.publisher].into_iter().chain(stage.viewers);
        let everybody: Vec<BrowserId> = everybody.collect();
        for browser in &everybody {
            stage.world.set_path(*browser, lossy);
        }
        stage.set_fault(Some(LEAP));
        let began_at = stage.world.now();
        stage.world.run_for(ODD);
        stage.assert_one_sender();
        for viewer in stage.viewers {
            let shown = &stage.world.viewer(viewer).decoder.shown;
            let n_shown = shown.iter().filter(|shown| shown.at > began_at).count();
            // Of 180. Each of four leaps costs a keyframe, with or without loss.
            assert!(n_shown > 130, "{codec:?}: {n_shown} pictures");
        }
        for browser in everybody {
            stage.world.set_path(browser, Conditions::default());
        }
        stage.assert_recovers();
    }
}

#[test]
fn time_may_run_backwards() {
    survive(|_, made| {
        let since = frame_of(made).wrapping_mul(2 * 3_600);
        made.timestamp = made.timestamp.wrapping_sub(since);
    });
}

#[test]
fn time_may_step_back_now_and_then() {
    survive(|_, made| {
        let steps = frame_of(made) / 20;
        made.timestamp = made.timestamp.wrapping_sub(steps * 500_000);
    });
}

#[test]
fn time_may_be_anything() {
    survive(|_, made| made.timestamp = frame_of(made).wrapping_mul(0x9e37_79b9));
}

#[test]
fn descriptors_may_be_cut() {
    survive(|encoder, made| {
        let frame = frame_of(made) as usize;
        if encoder.codec.kind() == MediaKind::Video && frame.is_multiple_of(3) {
            made.payload.truncate(frame / 3 % 8);
        }
    });
}

/// VP8's temporal layer 3, which nobody sends, and VP9's spatial and temporal layers 7; layers that are never announced, and
/// come without those below them.
fn name_impossible_layers(encoder: Encoder, made: &mut Made) {
    let frame = frame_of(made);
    match encoder.codec {
        Codec::Vp8 => {
            if let Some(octet) = made.payload.get_mut(5) {
                *octet |= ((frame % 4) as u8) << 6;
            }
        }
        Codec::Vp9 { .. } if made.payload.len() > 3 => {
            made.payload[0] |= 0x20;
            let layers = (frame % 256) as u8;
            made.payload.splice(3..3, [layers, frame as u8]);
        }
        Codec::Vp9 { .. } | Codec::Opus | Codec::H264 { .. } | Codec::Av1 { .. } => {}
    }
}

#[test]
fn layers_may_be_impossible() {
    survive(name_impossible_layers);
}

/// AV1 in layers, whose Dependency Descriptor the publisher edits; one viewer follows the smallest size.
fn survive_described(fault: Fault) {
    for (mode, seed) in [Scalability::full(3, 3), Scalability::full(1, 3)]
        .into_iter()
        .zip(390..)
    {
        let camera = Camera::new(Codec::Av1 { profile: 0 }).scalable(mode);
        let mut stage = Stage::new(seed, camera);
        let session = stage.world.browser(stage.viewers[0]).session;
        let choice = LayerChoice {
            spatial: Some(0),
            ..LayerChoice::default()
        };
        let chosen = Command::ChooseLayer { session, choice };
        stage.world.command(session, chosen).unwrap();
        stage.world.run_for(Duration::from_secs(1));
        stage.set_fault(Some(fault));
        stage.world.run_for(ODD);
        stage.assert_one_sender();
        stage.set_fault(None);
        stage.assert_recovers();
    }
}

#[test]
fn dependency_descriptors_may_be_cut() {
    survive_described(|_, made| {
        let frame = frame_of(made) as usize;
        if let Some(descriptor) = &mut made.descriptor {
            descriptor.truncate(frame % 16);
        }
    });
}

/// Any bit of it, with each picture another: templates that are not there, masks that are empty, structures of other sizes.
#[test]
fn dependency_descriptors_may_be_anything() {
    survive_described(|_, made| {
        let bits = frame_of(made).wrapping_mul(0x9e37_79b9) >> 8;
        if let Some(descriptor) = &mut made.descriptor {
            let place = bits as usize % descriptor.len().max(1);
            if let Some(octet) = descriptor.get_mut(place) {
                *octet ^= 1 << (bits >> 16 & 7);
            }
        }
    });
}

#[test]
fn dependency_descriptors_may_be_missing() {
    survive_described(|_, made| {
        if !frame_of(made).is_multiple_of(3) {
            made.descriptor = None;
        }
    });
}

#[test]
fn every_picture_may_have_another_size() {
    for (codec, seed) in VIDEO_CODECS.into_iter().zip(370..) {
        let camera = Camera::new(codec);
        let mut stage = Stage::new(seed, camera.simulcast());
        let from = stage.world.now();
        for n in 0_u16.. {
            if stage.world.now() - from >= ODD {
                break;
            }
            let publisher = stage.world.browser_mut(stage.publisher).publisher();
            let publisher = publisher.unwrap();
            for rank in 0..3_u8 {
                // Each is the largest in turn.
                let size = 64 + (n + u16::from(rank)) % 3 * 400 + n % 7 * 16;
                let dimensions = Dimensions {
                    width: size * 2,
                    height: size,
                };
                publisher.resize(rank, dimensions);
            }
            stage.world.run_for(camera.frame_interval);
        }
        stage.assert_one_sender();
        for viewer in stage.viewers {
            let seen = stage.world.viewer(viewer);
            let n_shown = seen.decoder.shown.iter().filter(|s| s.at > from).count();
            assert!(n_shown > 20, "{n_shown} pictures of {codec:?}");
        }
        stage.assert_recovers();
    }
}
