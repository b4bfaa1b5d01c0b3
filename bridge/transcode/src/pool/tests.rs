mod cards;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;
use sfu_model::frame::Discontinuity;
use sfu_model::packet::Dimensions;
use sfu_model::time::Instant;

use super::action::{Action, Ending, Event, WorkerId};
use super::capacity::{Capacity, Refusal, SOUNDS_MAX, SOUNDS_PER_WORKER_MAX, cost};
use super::*;
use crate::job::{Cadence, FrameRate, Keyframes, PicturesJob, Rung, SoundJob};
use crate::message::from_worker::Counts;
use crate::some_frame::frame;

const SOUND: Job = Job::Sound(SoundJob {
    bit_rate_bps: 128_000,
});

fn pictures() -> Job {
    let size = |width, height| Dimensions { width, height };
    let rung = |width, height| Rung {
        size: size(width, height),
        bit_rate_bps: 1_000_000,
    };
    Job::Pictures(PicturesJob {
        source: size(1280, 720),
        cadence: Cadence::Constant(FrameRate::clamp(30)),
        keyframes: Keyframes::Every(180_000),
        rungs: vec![rung(1280, 720), rung(640, 360)],
    })
}

fn at(ms: u64) -> Instant {
    Instant::START + Duration::from_millis(ms)
}

/// A pool, and a world in which each process that is started becomes ready at once.
struct Node {
    pool: Pool,
    running: BTreeSet<WorkerId>,
    carried: BTreeMap<SlotId, WorkerId>,
    told: Vec<(SlotId, Event)>,
    killed: Vec<Ending>,
    told_found: BTreeSet<WorkerId>,
    given_up: Vec<Capabilities>,
}

impl Node {
    fn new(n_streams: u64) -> Self {
        let capacity = Capacity {
            pixel_rate_max: cost(&pictures()) * n_streams,
            pictures_per_worker: 1,
        };
        let mut node = Self {
            pool: Pool::new(capacity, at(0)),
            running: BTreeSet::new(),
            carried: BTreeMap::new(),
            told: Vec::new(),
            killed: Vec::new(),
            told_found: BTreeSet::new(),
            given_up: Vec::new(),
        };
        node.act(at(0));
        node.find(1);
        node
    }

    /// A probe tells what there is: so many streams share a worker.
    fn find(&mut self, pictures_per_worker: u32) {
        let capacity = Capacity {
            pictures_per_worker,
            ..self.pool.capacity
        };
        let found = Capabilities::default();
        self.pool.handle_found(found, capacity, at(0));
        self.act(at(0));
    }

    fn act(&mut self, now: Instant) {
        while let Some(action) = self.pool.poll_action() {
            match action {
                Action::Start(id) => {
                    assert!(self.running.insert(id), "a name is given twice");
                    self.pool.handle_message(id, FromWorker::Ready, now);
                }
                Action::Send(id, message) => {
                    assert!(self.running.contains(&id), "told a worker that is gone");
                    match *message {
                        ToWorker::Open(slot, Job::Pictures(_)) => {
                            assert!(self.told_found.contains(&id), "a job without a plan");
                            self.carried.insert(slot, id);
                        }
                        ToWorker::Open(slot, Job::Sound(_)) => {
                            self.carried.insert(slot, id);
                        }
                        ToWorker::Found(_) => {
                            self.told_found.insert(id);
                        }
                        ToWorker::Probe(_)
                        | ToWorker::Frame(..)
                        | ToWorker::KeyframeAt(..)
                        | ToWorker::Rungs(..)
                        | ToWorker::Close(_) => {}
                    }
                }
                Action::End(id) => self.end(id),
                Action::Kill(id, why) => {
                    self.end(id);
                    self.killed.push(why);
                }
                Action::Tell(slot, event) => self.told.push((slot, event)),
                Action::GaveCardsUp(found) => self.given_up.push(*found),
            }
        }
    }

    fn end(&mut self, id: WorkerId) {
        assert!(self.running.remove(&id));
        self.carried.retain(|_, worker| *worker != id);
    }

    fn open(&mut self, job: Job, now: Instant) -> Result<SlotId, Refusal> {
        let id = self.pool.open(job, now);
        self.act(now);
        id
    }

    fn crash(&mut self, id: WorkerId, now: Instant) {
        self.end(id);
        self.pool.handle_exit(id, now);
        self.act(now);
    }

    fn pass(&mut self, now: Instant) {
        self.pool.handle_timeout(now);
        self.act(now);
    }

    /// All workers say that they live, twice a second, up to a moment.
    fn live_until(&mut self, from: Instant, to: Instant) {
        let mut now = from;
        while now < to {
            for id in self.running.clone() {
                let alive = FromWorker::Alive(Counts::default());
                self.pool.handle_message(id, alive, now);
            }
            self.pass(now);
            now += Duration::from_millis(500);
        }
    }
}

#[test]
fn sound_shares_a_worker_and_pictures_have_one_each() {
    let mut node = Node::new(4);
    let sounds = [(); 3].map(|()| node.open(SOUND, at(1)).unwrap());
    let pictured = [(); 3].map(|()| node.open(pictures(), at(1)).unwrap());
    let workers = |node: &Node, ids: &[SlotId]| -> BTreeSet<WorkerId> {
        ids.iter().map(|id| node.carried[id]).collect()
    };
    assert_eq!(workers(&node, &sounds).len(), 1);
    assert_eq!(workers(&node, &pictured).len(), 3);
    // And a spare for the next stream.
    assert_eq!(node.running.len(), 5);
    for id in pictured {
        node.pool.close(id, at(2));
    }
    node.act(at(2));
    assert_eq!(node.running.len(), 2, "a spare of each lane stays");
}

#[test]
fn pictures_wait_until_it_is_known_what_there_is_and_share_a_worker_on_a_card() {
    let mut node = Node::new(8);
    let capacity = node.pool.capacity;
    node.pool = Pool::new(capacity, at(0));
    node.running.clear();
    node.act(at(0));
    let slots = [(); 5].map(|()| node.open(pictures(), at(1)).unwrap());
    node.live_until(at(1), at(2_000));
    assert_eq!(node.running.len(), 1, "sound's alone");
    assert!(!slots.iter().any(|id| node.carried.contains_key(id)));
    node.told_found.clear();
    node.find(4);
    let workers: BTreeSet<WorkerId> = slots.iter().map(|id| node.carried[id]).collect();
    assert_eq!(workers.len(), 2, "four and one");
    assert_eq!(node.running.len(), 3, "the second has room for the next");
    // What was found is told before the first job is.
    assert_eq!(node.told_found, workers);
    let crashed = node.carried[&slots[0]];
    node.crash(crashed, at(3));
    assert!(slots.iter().all(|id| node.carried.contains_key(id)));
    assert!(node.told_found.contains(&node.carried[&slots[0]]));
}

#[test]
fn a_card_that_is_found_makes_room_for_who_waits() {
    let mut node = Node::new(1);
    let first = node.open(pictures(), at(1)).unwrap();
    let second = node.open(pictures(), at(1)).unwrap();
    assert!(node.carried.contains_key(&first) && !node.carried.contains_key(&second));
    let capacity = Capacity {
        pixel_rate_max: cost(&pictures()) * 2,
        pictures_per_worker: 16,
    };
    node.pool
        .handle_found(Capabilities::default(), capacity, at(2));
    node.act(at(2));
    assert!(node.carried.contains_key(&second));
}

#[test]
fn a_crash_ends_only_its_slots_and_they_go_on_at_once_with_a_discontinuity() {
    let mut node = Node::new(4);
    let first = node.open(pictures(), at(1)).unwrap();
    let second = node.open(pictures(), at(1)).unwrap();
    let other = node.carried[&second];
    let sound = node.open(SOUND, at(1)).unwrap();
    let dead = node.carried[&sound];
    let passed = node
        .pool
        .handle_frame(dead, sound, RungIndex(0), frame(1_024));
    assert_eq!(passed.unwrap().discontinuity, None);
    node.crash(dead, at(2));
    assert!(node.told.contains(&(sound, Event::Restarting)));
    let new = node.carried[&sound];
    assert_ne!(new, dead);
    assert_eq!(node.carried[&second], other);
    assert_eq!(node.pool.census().slots, 3);
    assert!(node.carried.contains_key(&first));
    let late = node
        .pool
        .handle_frame(dead, sound, RungIndex(0), frame(2_048));
    assert_eq!(late, None, "the dead do not speak");
    let next = node
        .pool
        .handle_frame(new, sound, RungIndex(0), frame(3_072));
    assert_eq!(next.unwrap().discontinuity, Some(Discontinuity::Encoder));
    let after = node
        .pool
        .handle_frame(new, sound, RungIndex(0), frame(4_096));
    assert_eq!(after.unwrap().discontinuity, None);
    let back = node
        .pool
        .handle_frame(new, sound, RungIndex(0), frame(4_096));
    assert_eq!(back, None, "time only rises");
}

#[test]
fn a_slot_that_keeps_crashing_is_found_among_its_neighbours_and_waits_longer_each_time() {
    let mut node = Node::new(0);
    let slots = [(); 16].map(|()| node.open(SOUND, at(1)).unwrap());
    let poison = slots[11];
    let mut now = at(10);
    let mut disturbed = Vec::new();
    for _ in 0..8 {
        let Some(&worker) = node.carried.get(&poison) else {
            panic!("a slot is lost");
        };
        disturbed.push(node.carried.values().filter(|w| **w == worker).count());
        node.crash(worker, now);
        let crashed_at = now;
        while !node.carried.contains_key(&poison) {
            let next = node.pool.poll_timeout().unwrap();
            node.live_until(now, next);
            now = next;
            node.pass(now);
        }
        assert!(now - crashed_at <= Duration::from_secs(30));
    }
    assert_eq!(disturbed, [16, 16, 8, 4, 2, 1, 1, 1]);
}

#[test]
fn a_node_that_is_full_lets_wait_in_order_and_refuses_past_the_queue() {
    let mut node = Node::new(1);
    let running = node.open(pictures(), at(1)).unwrap();
    let queued: Vec<SlotId> = (0..QUEUE_MAX)
        .map(|_| node.open(pictures(), at(1)).unwrap())
        .collect();
    assert_eq!(node.open(pictures(), at(1)), Err(Refusal::QueueFull));
    assert_eq!(node.pool.census().queued, QUEUE_MAX);
    assert!(!node.carried.contains_key(&queued[0]));
    node.pool.close(queued[1], at(2));
    node.pool.close(running, at(2));
    node.act(at(2));
    assert!(node.carried.contains_key(&queued[0]));
    node.pool.close(queued[0], at(3));
    node.act(at(3));
    assert!(node.carried.contains_key(&queued[2]));
}

#[test]
fn sound_never_waits_behind_pictures_nor_pictures_behind_sound() {
    let mut node = Node::new(1);
    node.open(pictures(), at(1)).unwrap();
    let waiting = node.open(pictures(), at(1)).unwrap();
    let sounds: Vec<SlotId> = (0..SOUNDS_MAX)
        .map(|_| node.open(SOUND, at(2)).unwrap())
        .collect();
    assert!(sounds.iter().all(|sound| node.carried.contains_key(sound)));
    assert_eq!(node.pool.census().queued, 1, "the pictures");
    // Sound that waits for a place gets it, though pictures have waited for longer.
    let last = node.open(SOUND, at(3)).unwrap();
    assert!(!node.carried.contains_key(&last));
    node.pool.close(sounds[0], at(4));
    node.act(at(4));
    assert!(node.carried.contains_key(&last));
    assert!(!node.carried.contains_key(&waiting));
}

#[test]
fn a_worker_and_a_node_carry_so_many_sounds_and_one_more_goes_elsewhere_or_waits() {
    let mut node = Node::new(0);
    let slots: Vec<SlotId> = (0..SOUNDS_MAX)
        .map(|_| node.open(SOUND, at(0)).unwrap())
        .collect();
    let mut n_carried = BTreeMap::new();
    for worker in node.carried.values() {
        *n_carried.entry(*worker).or_insert(0_usize) += 1;
    }
    assert_eq!(n_carried.len(), SOUNDS_MAX / SOUNDS_PER_WORKER_MAX);
    assert!(n_carried.values().all(|n| *n == SOUNDS_PER_WORKER_MAX));
    assert_eq!(node.pool.census().queued, 0);
    let waits = node.open(SOUND, at(0)).unwrap();
    assert_eq!(node.pool.census().queued, 1);
    node.pool.close(slots[0], at(0));
    node.act(at(0));
    assert!(node.carried.contains_key(&waits), "it waited for its turn");
}

#[test]
fn what_a_node_could_never_do_is_refused() {
    let mut node = Node::new(1);
    let Job::Pictures(mut job) = pictures() else {
        panic!("pictures");
    };
    let rung = job.rungs[0];
    job.rungs.push(rung);
    let refused = node.open(Job::Pictures(job.clone()), at(1));
    assert_eq!(refused, Err(Refusal::TooLarge));
    job.rungs.clear();
    let refused = node.open(Job::Pictures(job.clone()), at(1));
    assert_eq!(refused, Err(Refusal::Rungs));
    job.rungs = vec![rung; crate::job::RUNGS_MAX + 1];
    assert_eq!(node.open(Job::Pictures(job), at(1)), Err(Refusal::Rungs));
}

#[test]
fn a_worker_that_says_nothing_is_ended_and_replaced() {
    let mut node = Node::new(0);
    let sound = node.open(SOUND, at(1)).unwrap();
    let silent = node.carried[&sound];
    node.live_until(at(1), at(10_000));
    assert_eq!(node.carried[&sound], silent);
    node.pass(at(13_000));
    assert_eq!(node.killed, [Ending::Silent]);
    assert_ne!(node.carried[&sound], silent);
}

#[test]
fn a_supervisor_that_was_away_blames_nobody() {
    let mut node = Node::new(0);
    let sound = node.open(SOUND, at(1)).unwrap();
    assert!(node.pool.route(sound, true, at(2), |_| true).is_some());
    node.pool.handle_absence(at(60_000));
    node.pass(at(60_000));
    assert_eq!(node.killed, []);
    node.pass(at(63_000));
    assert_eq!(node.killed, [Ending::Silent]);
}

#[test]
fn a_worker_that_makes_nothing_of_its_frames_is_ended_and_trouble_is_an_answer() {
    let mut node = Node::new(0);
    let sound = node.open(SOUND, at(1)).unwrap();
    let worker = node.carried[&sound];
    assert!(node.pool.route(sound, true, at(2), |_| true).is_some());
    node.live_until(at(2), at(4_000));
    let trouble = FromWorker::Trouble(sound, crate::message::from_worker::Trouble::Undecodable);
    node.pool.handle_message(worker, trouble, at(4_000));
    node.live_until(at(4_000), at(8_000));
    assert_eq!(node.killed, []);
    assert!(node.pool.route(sound, true, at(8_000), |_| true).is_some());
    node.live_until(at(8_000), at(13_600));
    assert_eq!(node.killed, [Ending::Stuck]);
}

#[test]
fn a_worker_whose_queue_is_full_gets_nothing_before_the_next_keyframe() {
    let mut node = Node::new(1);
    let id = node.open(pictures(), at(1)).unwrap();
    let mut passes = |is_keyframe, has_room| {
        let place = node.pool.route(id, is_keyframe, at(2), |_| has_room);
        place.map(|(_, passage)| passage)
    };
    assert_eq!(passes(false, true), None, "nothing can be decoded yet");
    assert_eq!(passes(true, true), Some(Passage::FollowsHole));
    assert_eq!(passes(false, true), Some(Passage::Follows));
    assert_eq!(passes(false, false), None);
    assert_eq!(passes(false, true), None);
    assert_eq!(passes(true, true), Some(Passage::FollowsHole));
}

#[test]
fn an_executable_that_cannot_start_is_not_tried_in_a_circle() {
    let capacity = Capacity {
        pixel_rate_max: 0,
        pictures_per_worker: 1,
    };
    let mut pool = Pool::new(capacity, at(0));
    let (mut now, mut n_starts) = (at(0), 0);
    while now < at(60_000) {
        while let Some(action) = pool.poll_action() {
            if let Action::Start(id) = action {
                n_starts += 1;
                pool.handle_exit(id, now);
            }
        }
        now = pool.poll_timeout().unwrap();
        pool.handle_timeout(now);
    }
    assert!((5..=10).contains(&n_starts), "{n_starts} starts a minute");
}

#[derive(Clone, Debug)]
enum Step {
    Open(bool),
    Close(usize),
    Crash(usize),
    Frame(usize, bool, bool),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        any::<bool>().prop_map(Step::Open),
        any::<usize>().prop_map(Step::Close),
        any::<usize>().prop_map(Step::Crash),
        (any::<usize>(), any::<bool>(), any::<bool>()).prop_map(|(n, k, r)| Step::Frame(n, k, r)),
        (0_u64..40_000).prop_map(Step::Wait),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_the_node_is_never_over_its_capacity_and_no_slot_is_lost(
        steps in prop::collection::vec(step(), 0..80)
    ) {
        let n_streams = 3;
        let mut node = Node::new(n_streams);
        let mut open: Vec<SlotId> = Vec::new();
        let mut now = at(0);
        for step in steps {
            match step {
                Step::Open(is_sound) => {
                    let job = if is_sound { SOUND } else { pictures() };
                    open.extend(node.open(job, now));
                }
                Step::Close(n) if !open.is_empty() => {
                    let id = open.swap_remove(n % open.len());
                    node.pool.close(id, now);
                    node.carried.remove(&id);
                }
                Step::Crash(n) if !node.running.is_empty() => {
                    let id = *node.running.iter().nth(n % node.running.len()).unwrap();
                    node.crash(id, now);
                }
                Step::Frame(n, is_keyframe, has_room) if !open.is_empty() => {
                    let id = open[n % open.len()];
                    if let Some((worker, _)) = node.pool.route(id, is_keyframe, now, |_| has_room) {
                        prop_assert_eq!(node.carried.get(&id), Some(&worker));
                    }
                }
                Step::Wait(ms) => {
                    let to = now + Duration::from_millis(ms);
                    node.live_until(now, to);
                    now = to;
                }
                Step::Close(_) | Step::Crash(_) | Step::Frame(..) => {}
            }
            node.act(now);
            let census = node.pool.census();
            prop_assert!(census.pixel_rate <= cost(&pictures()) * n_streams);
            prop_assert_eq!(census.slots + census.queued, open.len());
        }
        // In peace, everything that fits is carried within the longest wait, which begins when who is stuck was found out.
        let to = now + Duration::from_secs(36);
        node.live_until(now, to);
        prop_assert_eq!(node.carried.len(), node.pool.census().slots);
    }
}
