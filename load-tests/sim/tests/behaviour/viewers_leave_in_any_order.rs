//! Whoever leaves a room takes nothing from those who stay, and a room that ends leaves nobody behind.

use std::time::Duration;

use freshet_sim::publisher::{Camera, H264};
use freshet_sim::world::{BrowserId, World};
use sfu_core::command::Command;
use sfu_model::id::{RoomId, WorkerId};

fn audience(seed: u64, n_viewers: usize) -> (World, Vec<BrowserId>) {
    let mut world = World::new(seed, 1);
    world.publish("demo", Camera::live(H264)).unwrap();
    world.run_for(Duration::from_secs(1));
    let viewers = (0..n_viewers).map(|_| world.watch("demo").unwrap());
    let viewers = viewers.collect();
    world.run_for(Duration::from_secs(2));
    (world, viewers)
}

/// How many play the room, as its worker says; `None`: there is no room.
fn n_seated(world: &mut World) -> Option<usize> {
    let room = RoomId::parse("demo").unwrap();
    let worker = world.node().worker(WorkerId(0)).unwrap();
    worker.room(&room).map(|status| status.n_subscribers)
}

/// The first, the last, the middle, and so on until one is left; and one comes in between, to the end of the row.
#[test]
fn those_who_stay_go_on() {
    let (mut world, mut viewers) = audience(111, 7);
    for (round, leaves) in [0, 5, 2, 2, 0, 1].into_iter().enumerate() {
        world.leave(viewers.remove(leaves)).unwrap();
        if round == 2 {
            viewers.push(world.watch("demo").unwrap());
            world.run_for(Duration::from_secs(1));
        }
        world.run_for(Duration::from_millis(300));
        assert_eq!(n_seated(&mut world), Some(viewers.len()));
        for viewer in &viewers {
            let last = world.viewer(*viewer).video.last().unwrap().at;
            assert!(
                world.now() - last < Duration::from_millis(100),
                "round {round}"
            );
        }
    }
    assert_eq!(viewers.len(), 2);
}

#[test]
fn a_room_that_ends_closes_all_of_a_crowd() {
    let (mut world, viewers) = audience(112, 40);
    let session = world.browser(viewers[0]).session;
    let room = RoomId::parse("demo").unwrap();
    world.command(session, Command::EndRoom { room }).unwrap();
    world.run_for(Duration::from_secs(1));
    assert_eq!(n_seated(&mut world), None);
    let stats = world.node().worker(WorkerId(0)).unwrap().stats();
    assert_eq!((stats.n_publishers, stats.n_subscribers), (0, 0));
    for viewer in viewers {
        assert!(world.browser(viewer).was_closed);
    }
}
