use super::*;
use crate::capabilities::Role;
use crate::message::from_worker::Trouble;
use crate::place::Place;
use crate::plan::Plan;
use crate::some_machine::{self, element};

/// A machine whose card does all of it.
fn with_card() -> Capabilities {
    let scalers = vec![
        element(Role::Scale, Place::Nvidia, "cudaconvertscale"),
        element(Role::Scale, Place::Processor, "videoscale"),
    ];
    some_machine::with_card(Place::Nvidia, "nvh264enc", scalers)
}

/// A node whose processor carries so many streams, and whose card 32, of which 16 share a worker.
fn node(n_by_processor: u64) -> Node {
    let mut node = Node::new(n_by_processor);
    let capacity = Capacity {
        pixel_rate_max: cost(&pictures()) * 32,
        pictures_per_worker: 16,
    };
    node.pool.handle_found(with_card(), capacity, at(0));
    // Those that were started before a card was known go by the processor.
    for id in node.running.clone() {
        node.crash(id, at(0));
    }
    node.pool.false_starts = Default::default();
    node.pool.ended_by_card = Default::default();
    node
}

fn show(node: &mut Node, slot: SlotId) {
    let worker = node.carried[&slot];
    node.pool
        .handle_frame(worker, slot, RungIndex(0), pictured(1_024));
}

/// A frame of pictures.
fn pictured(time: u64) -> Frame {
    let mut frame = frame(time);
    frame.format = std::sync::Arc::new(sfu_model::frame::Format::Vp8 {
        size: Dimensions {
            width: 1280,
            height: 720,
        },
    });
    frame
}

fn leave(node: &mut Node, slot: SlotId, trouble: Trouble, now: Instant) {
    let worker = node.carried[&slot];
    let trouble = FromWorker::Trouble(slot, trouble);
    node.pool.handle_message(worker, trouble, now);
    node.act(now);
}

fn lose(node: &mut Node, worker: WorkerId, now: Instant) {
    let lost = FromWorker::CardLost("it fell off the bus".into());
    node.pool.handle_message(worker, lost, now);
    node.act(now);
}

fn uses_card(node: &Node) -> bool {
    let found = node.pool.found.as_ref();
    found.is_some_and(|found| Plan::of(found).uses_card())
}

#[test]
fn a_worker_that_lost_its_card_is_replaced_and_after_the_third_the_card_is_given_up() {
    let mut node = node(2);
    let slots = [(); 5].map(|()| node.open(pictures(), at(1)).unwrap());
    for n in 1..=3_u64 {
        slots.iter().for_each(|slot| show(&mut node, *slot));
        assert!(uses_card(&node), "{n}");
        let worker = node.carried[&slots[0]];
        // It may say so again before it is gone.
        lose(&mut node, worker, at(n * 10_000));
        lose(&mut node, worker, at(n * 10_000));
        assert_eq!(node.killed, vec![Ending::CardLost; n as usize]);
        let to = at(n * 10_000 + 5_000);
        node.live_until(at(n * 10_000), to);
        assert!(slots.iter().all(|slot| node.carried.contains_key(slot)));
        assert!(!node.carried.values().any(|carrier| *carrier == worker));
    }
    assert!(!uses_card(&node));
    let [given_up] = &node.given_up[..] else {
        panic!("{} times", node.given_up.len());
    };
    assert_eq!(Plan::of(given_up).by().as_deref(), Some("x264enc"));
    assert_eq!(node.pool.capacity, node.pool.capacity_of_processor);
    // What one more loses is no news.
    let worker = node.carried[&slots[0]];
    lose(&mut node, worker, at(40_000));
    assert_eq!(node.given_up.len(), 1);
}

#[test]
fn cards_that_are_lost_far_apart_are_kept() {
    let mut node = node(2);
    let slot = node.open(pictures(), at(1)).unwrap();
    let mut now = at(1_000);
    for _ in 0..8 {
        show(&mut node, slot);
        let worker = node.carried[&slot];
        lose(&mut node, worker, now);
        let next = now + Duration::from_secs(301);
        node.live_until(now, next);
        now = next;
    }
    assert!(uses_card(&node));
    assert_eq!(node.given_up, []);
}

#[test]
fn a_worker_whose_slots_leave_the_card_gets_no_other_and_ends_with_them() {
    let mut node = node(2);
    let slots = [(); 3].map(|()| node.open(pictures(), at(1)).unwrap());
    let left = node.carried[&slots[0]];
    for slot in &slots[..2] {
        leave(&mut node, *slot, Trouble::LeftCard, at(2));
        assert!(node.told.contains(&(*slot, Event::KeyframeWanted)));
    }
    // Two may have pictures that no card decodes.
    let fourth = node.open(pictures(), at(3)).unwrap();
    assert_eq!(node.carried[&fourth], left);
    leave(&mut node, slots[2], Trouble::LeftCard, at(4));
    node.pool.close(slots[2], at(4));
    node.act(at(4));
    let fifth = node.open(pictures(), at(5)).unwrap();
    assert_ne!(node.carried[&fifth], left);
    assert_eq!(node.carried[&fourth], left, "who goes on there is let be");
    assert_eq!(node.killed, []);
    for slot in [slots[0], slots[1], fourth] {
        assert!(node.running.contains(&left));
        node.pool.close(slot, at(6));
        node.act(at(6));
    }
    assert!(!node.running.contains(&left));
    assert!(uses_card(&node));
}

#[test]
fn a_driver_that_ends_whoever_is_told_of_the_card_costs_five_workers_and_then_the_card() {
    let mut node = node(2);
    let mut n_ended = 0;
    let mut now = at(10);
    let first_at = now;
    let is_told = |node: &Node| {
        node.running
            .iter()
            .copied()
            .find(|id| node.told_found.contains(id))
    };
    while uses_card(&node) {
        match is_told(&node) {
            Some(worker) => {
                node.crash(worker, now);
                n_ended += 1;
            }
            None => {
                now = node.pool.poll_timeout().unwrap();
                node.pass(now);
            }
        }
        assert!(n_ended < 20, "a circle");
    }
    assert_eq!(n_ended, 5);
    let took = now - first_at;
    assert!(
        (Duration::from_secs(1)..Duration::from_secs(5)).contains(&took),
        "{took:?}"
    );
    assert_eq!(node.given_up.len(), 1);
    // The next is told of the processor alone, and is there at once.
    let slot = node.open(pictures(), now).unwrap();
    assert!(node.carried.contains_key(&slot));
}

#[test]
fn workers_of_a_processor_that_end_before_they_made_anything_wait_longer_each_time() {
    let mut node = Node::new(2);
    let (mut now, mut n_ended) = (at(10), 0);
    while now < at(60_000) {
        let spare = node
            .running
            .iter()
            .copied()
            .find(|id| node.told_found.contains(id));
        match spare {
            Some(spare) => {
                node.crash(spare, now);
                n_ended += 1;
            }
            None => {
                let next = node.pool.poll_timeout().unwrap();
                node.live_until(now, next);
                now = next.max(now);
                node.pass(now);
            }
        }
        assert!(n_ended < 20, "a circle");
    }
    assert!((5..=10).contains(&n_ended), "{n_ended} a minute");
}

#[test]
fn a_stream_that_ends_its_workers_beside_one_that_goes_on_costs_nobody_the_card() {
    let mut node = node(2);
    let good = node.open(pictures(), at(1)).unwrap();
    show(&mut node, good);
    let healthy = node.carried[&good];
    // It fills what there is, so that the other one is elsewhere.
    let filling = [(); 15].map(|()| node.open(pictures(), at(1)).unwrap());
    let bad = node.open(pictures(), at(1)).unwrap();
    let mut now = at(10);
    for _ in 0..12 {
        let worker = node.carried[&bad];
        assert_ne!(worker, healthy);
        node.crash(worker, now);
        while !node.carried.contains_key(&bad) {
            let next = node.pool.poll_timeout().unwrap();
            node.live_until(now, next);
            now = next;
            node.pass(now);
        }
    }
    assert!(uses_card(&node));
    assert!(filling.iter().all(|slot| node.carried[slot] == healthy));
}

#[test]
fn what_left_the_card_is_charged_to_the_processor_and_nobody_is_let_in_past_it() {
    let mut node = node(2);
    let slots = [(); 3].map(|()| node.open(pictures(), at(1)).unwrap());
    leave(&mut node, slots[0], Trouble::LeftCard, at(2));
    leave(&mut node, slots[1], Trouble::EncoderLeftCard, at(2));
    let fourth = node.open(pictures(), at(3)).unwrap();
    assert!(
        node.carried.contains_key(&fourth),
        "the processor carries two"
    );
    leave(&mut node, slots[2], Trouble::EncoderLeftCard, at(4));
    let fifth = node.open(pictures(), at(5)).unwrap();
    assert_eq!(node.pool.census().queued, 1);
    node.pool.close(slots[0], at(6));
    node.act(at(6));
    assert!(node.carried.contains_key(&fifth), "it waited for its turn");
}

#[test]
fn who_only_says_that_frames_find_no_room_is_stuck() {
    let mut node = Node::new(1);
    let id = node.open(pictures(), at(1)).unwrap();
    let mut now = at(2);
    while node.killed.is_empty() && now < at(20_000) {
        node.pool.route(id, true, now, |_| true);
        let worker = node.carried[&id];
        let trouble = FromWorker::Trouble(id, Trouble::TooSlow);
        node.pool.handle_message(worker, trouble, now);
        node.live_until(now, now + Duration::from_millis(500));
        now += Duration::from_millis(500);
    }
    assert_eq!(node.killed, [Ending::Stuck]);
}
