//! A hundred viewers come within a second: how soon each sees its first picture, and what that costs the publisher.

use std::time::Duration;

use freshet_sim::publisher::{Camera, H264};
use freshet_sim::world::{BrowserId, World};

const N_JOINS: u32 = 100;

#[test]
fn a_hundred_joins_in_a_second_see_a_picture_soon() {
    let mut world = World::new(51, 2);
    let publisher = world.publish("demo", Camera::live(H264)).unwrap();
    world.run_for(Duration::from_secs(3));
    let n_before = n_requests(&mut world, publisher);
    let viewers: Vec<BrowserId> = (0..N_JOINS)
        .map(|_| {
            world.run_for(Duration::from_secs(1) / N_JOINS);
            world.watch("demo").unwrap()
        })
        .collect();
    world.run_for(Duration::from_secs(2));
    let mut waited: Vec<Duration> = viewers
        .iter()
        .map(|viewer| {
            let first = world.viewer(*viewer).decoder.shown.first();
            first.expect("a picture").at - world.browser(*viewer).joined_at
        })
        .collect();
    waited.sort_unstable();
    let (p50, p95) = (waited[49], waited[94]);
    let n_requests = n_requests(&mut world, publisher) - n_before;
    println!("first picture after {p50:?} (p50), {p95:?} (p95); {n_requests} requests upstream");
    assert!(p50 <= Duration::from_millis(250), "{p50:?}");
    assert!(p95 <= Duration::from_millis(400), "{p95:?}");
    assert!(n_requests <= 5, "{n_requests} requests upstream");
}

fn n_requests(world: &mut World, publisher: BrowserId) -> usize {
    let publisher = world.browser_mut(publisher).publisher().unwrap();
    publisher.keyframe_requests.len()
}
