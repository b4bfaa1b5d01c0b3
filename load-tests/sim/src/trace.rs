//! A run's decisions as one number: what reached whom, when, under which number, and what workers said. Not the sealed
//! bytes, which depend on keys that DTLS draws from the operating system.

use sfu_core::event::Event;
use sfu_model::time::Instant;

use crate::chance::draw;
use crate::viewer::Received;
use crate::world::World;

/// The decisions of everything that happened in a world so far.
///
/// What happens at one moment has no order: the engine iterates over its streams in none.
pub fn decisions(world: &World) -> u64 {
    let received = world.browsers().iter().flat_map(|browser| {
        let viewer = browser.viewer();
        let packets = viewer.map(|v| v.audio.iter().chain(&v.video));
        packets
            .into_iter()
            .flatten()
            .map(|packet| of_packet(browser.number, packet))
    });
    let said = world
        .events()
        .iter()
        .map(|(at, worker, event)| of_event(*at, worker.0, event));
    received.chain(said).fold(0, u64::wrapping_add)
}

fn of_packet(viewer: u32, packet: &Received) -> u64 {
    let stamp = packet.stamp;
    draw(
        u64::from(viewer),
        &[
            packet.at.as_nanos(),
            packet.sequence,
            u64::from(stamp.publisher),
            u64::from(stamp.rank) << 32 | u64::from(stamp.frame),
            u64::from(stamp.packet_index),
        ],
    )
}

fn of_event(at: Instant, worker: u8, event: &Event) -> u64 {
    let text = format!("{event:?}");
    let letters: Vec<u64> = text.bytes().map(u64::from).collect();
    draw(at.as_nanos() ^ u64::from(worker), &letters)
}
