//! A run that the seed writes: steps of what people do, over networks of every kind, and what must be true afterwards.

use std::collections::BTreeSet;
use std::time::Duration;

use sfu_core::budget::choice::LayerChoice;
use sfu_core::command::Command;
use sfu_model::codec::Codec;
use sfu_model::time::Instant;

use crate::chance::{below, draw};
use crate::layers::Scalability;
use crate::network::{Bottleneck, Conditions, CrossTraffic, PerMille};
use crate::oracle::latency::Latency;
use crate::oracle::{freeze, player};
use crate::publisher::{Camera, VIDEO_CODECS};
use crate::world::{BrowserId, World};

mod judge;

/// One thing that somebody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Somebody begins to watch.
    Join,
    /// A viewer says goodbye.
    Leave,
    /// A viewer's machine is gone without a word.
    Vanish,
    /// A viewer moves to another network.
    Roam,
    /// The router before a participant forgets it, and tells nobody.
    Rebind,
    /// The publisher's page is loaded again, without a goodbye.
    Reload,
    /// The publisher stops and starts again.
    Restart,
    /// An encoding of the publisher stops or goes on; where it has layers inside, a viewer asks for other ones.
    Layer,
    /// Somebody's path gets better or worse.
    Weather,
}

const STEPS: [Step; 13] = [
    Step::Join,
    Step::Join,
    Step::Join,
    Step::Leave,
    Step::Vanish,
    Step::Roam,
    Step::Rebind,
    Step::Reload,
    Step::Restart,
    Step::Layer,
    Step::Layer,
    Step::Weather,
    Step::Weather,
];

/// Steps of a run; with their pauses and the calm at the end, about ten seconds of virtual time.
const N_STEPS: u64 = 16;

/// After the last step all paths are good, for this long: whatever is not well by then stays so.
const CALM: Duration = Duration::from_secs(3);

/// Everything heals within this much of the calm.
const HEALED_WITHIN: Duration = Duration::from_secs(2);

/// Who was forgotten by a router sends its next check within this: browsers check every few seconds (RFC 7675 section 5.1).
const FOLLOWED_WITHIN: Duration = Duration::from_secs(4);

/// What went wrong in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A player received what it should not have.
    Player(BrowserId, player::Violation),
    /// A player's picture stands, although everything is well.
    Frozen(BrowserId, freeze::Frozen),
    /// A player's pictures come late, although everything is well.
    Late(BrowserId, Latency),
    /// The node let somebody not publish, or not watch for another reason than that nobody publishes, or did not do what a
    /// participant asked of its session.
    Refused,
    /// The node ended a session that nobody asked it to end.
    Closed(BrowserId),
    /// The node counted an impossible state.
    Invariant,
}

/// What a run was like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Virtual time.
    pub elapsed: Duration,
    /// Pictures shown to all viewers together.
    pub n_shown: usize,
    /// Its decisions, as one number.
    pub trace: u64,
}

/// One room's people.
struct Run {
    seed: u64,
    world: World,
    camera: Camera,
    /// The layers inside its encodings, in the publishers that have them.
    mode: Scalability,
    publisher: Option<BrowserId>,
    publishers: Vec<u32>,
    viewers: Vec<BrowserId>,
    /// When a router last forgot somebody.
    rebound_at: Option<Instant>,
    /// Somebody's path loses packets in this run, or is left by the step.
    is_lossy: bool,
    /// Whose path has reordered packets.
    reordered: BTreeSet<BrowserId>,
    /// An endpoint refused what it should not have: a publisher, a viewer although there was something to watch, a restart or a
    /// goodbye of a session that is there.
    was_refused: bool,
}

/// Runs the scenario of a seed.
pub fn run(seed: u64) -> Result<Outcome, Failure> {
    let mut run = Run::begin(seed);
    for n in 0..N_STEPS {
        run.step(n);
        let pause = below(draw(seed, &[n, 77]), 600);
        run.world.run_for(Duration::from_millis(pause));
    }
    run.judge()
}

/// What browsers send of a codec, and simpler ones.
fn scalability(codec: Codec, which: u64) -> Scalability {
    match (codec, which) {
        (Codec::Vp8, 0) => Scalability::full(1, 2),
        (Codec::Vp8 | Codec::H264 { .. } | Codec::Opus, _) | (_, 0) => Scalability::full(1, 3),
        (_, 1) => Scalability::full(2, 2),
        (_, 2) => Scalability::full(3, 3),
        (_, _) => Scalability::key_only(3, 3),
    }
}

impl Run {
    /// A room with its publisher, by a seed.
    fn begin(seed: u64) -> Self {
        let pick = |question: u64, n: u64| below(draw(seed, &[question]), n);
        let codec = usize::try_from(pick(1, 4)).unwrap_or(0);
        let video = VIDEO_CODECS.get(codec).copied().unwrap_or(VIDEO_CODECS[0]);
        // With this share of cameras, the seeds that were promoted have those that they had.
        let is_scalable = pick(5, 5) < 2;
        let camera = Camera {
            is_simulcast: pick(2, 2) == 1,
            packets_per_frame: 2,
            ..Camera::new(video)
        };
        let n_workers = usize::try_from(1 + pick(3, 3)).unwrap_or(1);
        let mut run = Run {
            seed,
            world: World::new(seed, n_workers),
            camera,
            mode: if is_scalable {
                scalability(video, pick(6, 4))
            } else {
                Scalability::NONE
            },
            publisher: None,
            publishers: Vec::new(),
            viewers: Vec::new(),
            rebound_at: None,
            is_lossy: pick(4, 2) == 1,
            reordered: BTreeSet::new(),
            was_refused: false,
        };
        run.publish();
        run.world.run_for(Duration::from_millis(600));
        run
    }

    fn draw(&self, step: u64, question: u64, n: u64) -> usize {
        usize::try_from(below(draw(self.seed, &[step, question]), n)).unwrap_or(0)
    }

    fn step(&mut self, n: u64) {
        let step = STEPS.get(self.draw(n, 1, STEPS.len() as u64));
        let victim = self.draw(n, 2, self.viewers.len() as u64);
        let viewer = self.viewers.get(victim).copied();
        match (step.copied().unwrap_or(Step::Join), viewer) {
            (Step::Join, _) => self.join(n),
            (Step::Leave, Some(viewer)) => {
                self.leave(viewer);
                self.viewers.remove(victim);
            }
            (Step::Vanish, Some(viewer)) => {
                self.world.browser_mut(viewer).vanish();
                self.viewers.remove(victim);
            }
            (Step::Roam, Some(viewer)) => {
                let roamed = self.world.roam(viewer);
                self.judge_answer(roamed);
            }
            (Step::Rebind, _) => self.rebind(n, viewer),
            (Step::Reload, _) => {
                if let Some(publisher) = self.publisher {
                    self.world.browser_mut(publisher).vanish();
                }
                self.publish();
            }
            (Step::Restart, _) => {
                if let Some(publisher) = self.publisher {
                    self.leave(publisher);
                }
                self.publish();
            }
            (Step::Layer, _) => {
                self.choose_layers(n, viewer);
                self.change_layer(n);
            }
            (Step::Weather, _) => self.change_weather(n, viewer),
            (Step::Leave | Step::Vanish | Step::Roam, None) => {}
        }
    }

    fn leave(&mut self, who: BrowserId) {
        let left = self.world.leave(who).map(|()| true);
        self.judge_answer(left);
    }

    /// Of those who come while there are layers one in four has no Dependency Descriptors.
    fn join(&mut self, n: u64) {
        let is_plain = self.mode.is_layered() && self.draw(n, 17, 4) == 0;
        let joined = match is_plain {
            true => self.world.watch_without_descriptors("demo"),
            false => self.world.watch("demo"),
        };
        self.judge_join(joined);
    }

    /// With layers inside its only encoding; each third time with simulcast instead, or with nothing to choose from.
    fn publish(&mut self) {
        let turn = self.publishers.len() as u64;
        let camera = match self.draw(turn, 18, 3) {
            _ if !self.mode.is_layered() => self.camera,
            0 => self.camera,
            _ => Camera {
                is_simulcast: false,
                packets_per_frame: 4,
                ..self.camera.scalable(self.mode)
            },
        };
        let joined = match self.draw(turn, 22, 4) {
            // It does not know that it still publishes.
            0 => self.world.publish("demo", camera),
            _ => self.world.take_over("demo", camera),
        };
        let joined = match joined {
            Err(error) if error.code() == Some("stream-busy") => {
                self.world.take_over("demo", camera)
            }
            joined => joined,
        };
        self.was_refused |= joined.is_err();
        self.publisher = joined.ok();
        let number = self.publisher.map(|id| self.world.browser(id).number);
        self.publishers.extend(number);
    }

    /// One time in three it asks for all again.
    fn choose_layers(&mut self, n: u64, viewer: Option<BrowserId>) {
        let Some(viewer) = viewer.filter(|_| self.mode.is_layered()) else {
            return;
        };
        let bound = |question| u8::try_from(self.draw(n, question, 3)).ok();
        let choice = match self.draw(n, 19, 3) {
            0 => LayerChoice::default(),
            _ => LayerChoice {
                spatial_max: bound(20),
                temporal_max: bound(21),
                ..LayerChoice::default()
            },
        };
        let session = self.world.browser(viewer).session;
        // A session that the node has closed meanwhile chooses nothing.
        let command = Command::ChooseLayer { session, choice };
        let _ = self.world.command(session, command);
    }

    fn change_layer(&mut self, n: u64) {
        let rank = u8::try_from(1 + self.draw(n, 3, 2)).unwrap_or(1);
        let is_paused = self.draw(n, 4, 2) == 0;
        if let Some(publisher) = self.publisher
            && let Some(publisher) = self.world.browser_mut(publisher).publisher()
            && publisher.is_simulcast()
        {
            publisher.pause(rank, is_paused);
        }
    }

    fn somebody(&self, n: u64, viewer: Option<BrowserId>) -> Option<BrowserId> {
        if self.draw(n, 9, 2) == 0 {
            self.publisher
        } else {
            viewer
        }
    }

    fn rebind(&mut self, n: u64, viewer: Option<BrowserId>) {
        if let Some(whose) = self.somebody(n, viewer) {
            self.world.rebind(whose);
            self.rebound_at = Some(self.world.now());
        }
    }

    fn change_weather(&mut self, n: u64, viewer: Option<BrowserId>) {
        if let Some(whose) = self.somebody(n, viewer) {
            let conditions = self.weather(n);
            self.reordered.insert(whose);
            self.world.set_path(whose, conditions);
        }
    }

    fn weather(&self, n: u64) -> Conditions {
        let share = |question, n_max| u16::try_from(self.draw(n, question, n_max)).unwrap_or(0);
        let line = Conditions {
            latency: Duration::from_millis(5 + self.draw(n, 6, 60) as u64),
            jitter: Duration::from_millis(self.draw(n, 7, 15) as u64),
            reordered: PerMille(share(8, 30)),
            ..Conditions::default()
        };
        // A full queue loses too.
        if !self.is_lossy {
            return line;
        }
        let loss = PerMille(share(5, 80));
        let line = if self.draw(n, 10, 2) == 0 {
            line.losing(loss)
        } else {
            line.losing_in_bursts(loss, 1 + share(11, 4))
        };
        let cross_traffic = match self.draw(n, 12, 4) {
            0 => CrossTraffic::Constant { rate_bps: 400_000 },
            1 => CrossTraffic::OnOff {
                rate_bps: 900_000,
                period: Duration::from_millis(500),
            },
            2 => CrossTraffic::Greedy {
                round_trip: Duration::from_millis(60),
            },
            _ => CrossTraffic::None,
        };
        let rate_bps = 1_200_000 + self.draw(n, 13, 5_000) as u64 * 1_000;
        let bottleneck = Bottleneck::of(rate_bps).shared_with(cross_traffic);
        match self.draw(n, 14, 3) {
            0 => line.through(bottleneck),
            _ => line,
        }
    }
}
