//! What a datagram of feedback costs the worker at most, from a viewer whose reports authenticate and who makes them as dear as
//! it can. Opening it is in it: who floods makes us do that for each.

use std::net::SocketAddr;
use std::time::Duration;

use freshet_sim::forger::Forger;
use freshet_sim::publisher::{Camera, H264};
use freshet_sim::world::World;
use sfu_core::rtcp::write_nack;
use sfu_model::datagram::{Datagram, Transport};
use sfu_model::id::WorkerId;
use sfu_model::limits::DATAGRAM_BYTES_MAX;
use sfu_model::rtp::Ssrc;
use sfu_model::time::Instant;

use crate::BenchError;
use crate::cost::{Began, Cost};

/// Datagrams of one round.
const ROUND_DATAGRAMS: usize = 200;

/// What sealing adds, at most.
const SEAL_BYTES: usize = 40;

/// Reports of a sender that no engine has, which are counted for themselves.
const REPORTER: Ssrc = Ssrc(0x6666);

/// How quickly the datagrams follow each other.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    /// So slowly that all is heard that one datagram may say.
    Heard,
    /// All at once.
    Flood,
}

/// A viewer that lies, and its worker.
pub(crate) struct Hostile {
    world: World,
    forger: Forger,
    source: SocketAddr,
    destination: SocketAddr,
    media: Ssrc,
    now: Instant,
}

impl Hostile {
    pub(crate) fn new() -> Result<Self, BenchError> {
        let mut world = World::new(2, 1);
        world.publish("bench", Camera::live(H264).simulcast())?;
        world.run_for(Duration::from_secs(1));
        let viewer = world.watch("bench")?;
        world.run_for(Duration::from_secs(5));
        let received = world.viewer(viewer).video.last();
        let media = Ssrc(received.ok_or(BenchError::NotConnected)?.ssrc);
        let forger = world.browser_mut(viewer).engine().forger();
        Ok(Self {
            forger: forger.ok_or(BenchError::NotConnected)?,
            source: world.browser(viewer).address,
            destination: world.node().address,
            media,
            now: world.now(),
            world,
        })
    }

    /// Datagrams of NACKs for numbers that nobody sent.
    pub(crate) fn nacks(&mut self, pace: Pace) -> Result<Cost, BenchError> {
        let mut clear = Vec::new();
        while clear.len() + 412 < DATAGRAM_BYTES_MAX - SEAL_BYTES {
            write_nack(&mut clear, REPORTER, self.media, 20_000..21_700);
        }
        self.send(&clear, pace)
    }

    /// Datagrams of transport-wide feedback, each packet of which tells of 65,528 losses.
    pub(crate) fn feedback(&mut self, pace: Pace) -> Result<Cost, BenchError> {
        let mut clear = Vec::new();
        while clear.len() + 36 < DATAGRAM_BYTES_MAX - SEAL_BYTES {
            clear.extend([0x8f, 205, 0, 8]);
            clear.extend(REPORTER.0.to_be_bytes());
            clear.extend(self.media.0.to_be_bytes());
            clear.extend([0, 0, 0xff, 0xf8, 0, 0, 0, 0]);
            clear.extend([0x1f, 0xff].repeat(8));
        }
        self.send(&clear, pace)
    }

    fn send(&mut self, clear: &[u8], pace: Pace) -> Result<Cost, BenchError> {
        let mut cost = Cost::default();
        for _ in 0..ROUND_DATAGRAMS {
            if let Pace::Heard = pace {
                self.now += Duration::from_secs(1);
            }
            let sealed = self.forger.seal_rtcp(clear);
            let datagram = Datagram {
                transport: Transport::Udp,
                source: self.source,
                destination: self.destination,
                bytes: &sealed.ok_or(BenchError::NotConnected)?,
            };
            let sfu = self.world.node().worker(WorkerId(0));
            let sfu = sfu.ok_or(BenchError::NoWorker)?;
            let began = Began::now()?;
            sfu.handle_datagram(datagram, self.now);
            cost.add(began.end(1)?);
        }
        Ok(cost)
    }
}
