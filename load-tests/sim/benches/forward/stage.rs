//! A publisher, a worker of the SFU and its subscribers, connected as they would be: ICE, DTLS and SDP of real engines, over a
//! network in virtual time. The world sets them up; from then on the stage carries the datagrams, so that the worker's
//! part can be timed alone.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use freshet_sim::publisher::{Camera, H264};
use freshet_sim::session::Outgoing;
use freshet_sim::world::{BrowserId, World};
use sfu_core::Sfu;
use sfu_core::demux::{self, PacketKind};
use sfu_model::datagram::{Datagram, TransmitBatch, Transport};
use sfu_model::id::WorkerId;
use sfu_model::time::Instant;

use crate::BenchError;
use crate::cost::{Began, Cost, Receipt};

mod flow;

/// Bytes of a packet's payload: what a browser's packetizer fills a datagram with, near enough.
pub(crate) const PAYLOAD_BYTES: usize = 1_200;

/// Packets of a picture: 2.4 Mbit/s at 25 pictures a second.
pub(crate) const PICTURE_PACKETS: u16 = 10;

/// Virtual time between two pictures.
const PICTURE_INTERVAL: Duration = Duration::from_millis(40);

/// Virtual time for everybody to connect and to see the largest picture; where paths are estimated they need half of it.
const SETUP_LIMIT: Duration = Duration::from_secs(10);

/// Virtual time for the network to become empty, once nobody sends.
const SETTLING: Duration = Duration::from_secs(1);

/// The camera's one encoding, and the largest of three.
const RANK: u8 = 2;

/// The one worker.
const WORKER: WorkerId = WorkerId(0);

/// Whom media is delivered to after it was sealed. All else that the worker sends is always delivered.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Audience {
    /// Every viewer: that what is timed is what viewers can use.
    All,
    /// One of them: a hundred browsers that decrypt would leave the worker nothing in the caches.
    Only(SocketAddr),
}

impl Audience {
    fn gets(&self, destination: &SocketAddr) -> bool {
        match self {
            Self::All => true,
            Self::Only(listener) => listener == destination,
        }
    }
}

/// Everybody, connected.
pub(crate) struct Stage {
    world: World,
    publisher: BrowserId,
    viewers: Vec<BrowserId>,
    by_address: BTreeMap<SocketAddr, BrowserId>,
    now: Instant,
    /// The publisher's packets of the present picture, sealed.
    picture: Vec<Outgoing>,
    /// What else everybody has to send.
    outgoing: Vec<Outgoing>,
    batch: TransmitBatch,
    /// What the worker sent, and is still to reach those who listen.
    kept: TransmitBatch,
}

impl Stage {
    /// Everybody gets the one encoding that there is.
    pub(crate) fn new(n_viewers: usize) -> Result<Self, BenchError> {
        let mut stage = Self::with(camera(), n_viewers)?;
        pause(&mut stage.world, stage.publisher, true);
        stage.world.run_for(SETTLING);
        pause(&mut stage.world, stage.publisher, false);
        stage.now = stage.world.now();
        Ok(stage)
    }

    fn with(camera: Camera, n_viewers: usize) -> Result<Self, BenchError> {
        let mut world = World::new(1, 1);
        let publisher = world.publish("bench", camera)?;
        world.run_for(SETTLING);
        let mut viewers = Vec::new();
        for _ in 0..n_viewers {
            viewers.push(world.watch("bench")?);
        }
        if !world.run_until(SETUP_LIMIT, |w| viewers.iter().all(|id| sees_all(w, *id))) {
            return Err(BenchError::NotConnected);
        }
        let everybody = viewers.iter().chain([&publisher]);
        let by_address = everybody.map(|id| (world.browser(*id).address, *id));
        Ok(Self {
            by_address: by_address.collect(),
            now: world.now(),
            world,
            publisher,
            viewers,
            picture: Vec::new(),
            outgoing: Vec::new(),
            batch: TransmitBatch::default(),
            kept: TransmitBatch::default(),
        })
    }

    /// Forwards so many pictures, their packets `at_once` at a time, and counts what that cost. Every packet of every
    /// picture must leave once for each viewer, and reach the audience.
    pub(crate) fn round(
        &mut self,
        n_pictures: usize,
        at_once: usize,
        audience: Audience,
    ) -> Result<Cost, BenchError> {
        let mut round = Cost::default();
        let mut n_made = 0;
        let before = self.received_by(audience);
        for _ in 0..n_pictures {
            self.make_picture()?;
            let cost = self.forward(at_once, audience)?;
            let expected = self.picture.len() * self.viewers.len();
            if cost.n_packets != expected as u64 {
                return Err(BenchError::NotForwarded {
                    n_packets: cost.n_packets,
                    expected,
                });
            }
            n_made += self.picture.len();
            round.add(cost);
            self.deliver();
        }
        for (after, before) in self.received_by(audience).into_iter().zip(before) {
            let received = after - before;
            if received != n_made {
                return Err(BenchError::NotReceived {
                    received,
                    expected: n_made,
                });
            }
        }
        Ok(round)
    }

    /// The first viewer alone.
    pub(crate) fn first_viewer(&self) -> Audience {
        self.viewers.first().map_or(Audience::All, |id| {
            Audience::Only(self.world.browser(*id).address)
        })
    }

    /// Packets that reached each of the audience so far, authentic and whole.
    fn received_by(&self, audience: Audience) -> Vec<usize> {
        let viewers = self.viewers.iter();
        let audience = viewers.filter(|id| audience.gets(&self.world.browser(**id).address));
        audience
            .map(|id| self.world.viewer(*id).video.len())
            .collect()
    }

    /// The time of the next picture comes. Everybody does what is due; all but the picture is done and over.
    fn make_picture(&mut self) -> Result<(), BenchError> {
        self.now += PICTURE_INTERVAL;
        self.picture.clear();
        for id in self.viewers.iter().chain([&self.publisher]) {
            let browser = self.world.browser_mut(*id);
            browser.drain(self.now, &mut self.outgoing);
        }
        let sfu = worker(&mut self.world)?;
        for datagram in self.outgoing.drain(..) {
            if demux::kind_of(&datagram.bytes) == Some(PacketKind::Rtp) {
                self.picture.push(datagram);
            } else {
                sfu.handle_datagram(as_received(&datagram), self.now);
            }
        }
        if sfu.poll_timeout().is_some_and(|at| at <= self.now) {
            sfu.handle_timeout(self.now);
        }
        take(sfu, &mut self.batch, &mut self.kept, Audience::All);
        while sfu.poll_event().is_some() {}
        self.deliver();
        Ok(())
    }

    /// The part that is timed.
    fn forward(&mut self, at_once: usize, audience: Audience) -> Result<Cost, BenchError> {
        let sfu = worker(&mut self.world)?;
        let mut n_packets = 0;
        let mut receipt = Receipt::default();
        let began = Began::now()?;
        for packets in self.picture.chunks(at_once) {
            for packet in packets {
                receipt.of(|| sfu.handle_datagram(as_received(packet), self.now));
            }
            n_packets += take(sfu, &mut self.batch, &mut self.kept, audience);
        }
        Ok(began.end(n_packets)?.with(receipt))
    }

    /// Carries what was kept to those whom it is for.
    fn deliver(&mut self) {
        for (run, bytes) in self.kept.iter() {
            let Some(id) = self.by_address.get(&run.destination) else {
                continue;
            };
            for bytes in bytes.chunks(run.segment_bytes) {
                let datagram = Datagram {
                    transport: run.transport,
                    source: run.source,
                    destination: run.destination,
                    bytes,
                };
                let browser = self.world.browser_mut(*id);
                browser.handle_datagram(&datagram, self.now);
                browser.drain(self.now, &mut self.outgoing);
            }
        }
        self.kept.clear();
    }
}

/// 25 pictures a second and no sound.
fn camera() -> Camera {
    Camera {
        has_audio: false,
        packets_per_frame: PICTURE_PACKETS,
        payload_bytes: PAYLOAD_BYTES,
        ..Camera::new(H264)
    }
}

/// The last picture that this viewer saw was of the largest encoding.
fn sees_all(world: &World, viewer: BrowserId) -> bool {
    let shown = world.viewer(viewer).decoder.shown.last();
    shown.is_some_and(|shown| shown.stamp.rank == RANK)
}

/// Takes everything that the worker has to send, burst by burst as its server does, and keeps what is to be delivered.
/// Returns how many media packets it was.
fn take(
    sfu: &mut Sfu,
    batch: &mut TransmitBatch,
    kept: &mut TransmitBatch,
    audience: Audience,
) -> u64 {
    let mut n_packets = 0;
    while sfu.poll_transmit(batch) {
        for (run, bytes) in batch.iter() {
            for datagram in bytes.chunks(run.segment_bytes) {
                let is_media = demux::kind_of(datagram) == Some(PacketKind::Rtp);
                n_packets += u64::from(is_media);
                if !is_media || audience.gets(&run.destination) {
                    kept.push(run.transport, run.source, run.destination, datagram);
                }
            }
        }
        batch.clear();
    }
    n_packets
}

fn worker(world: &mut World) -> Result<&mut Sfu, BenchError> {
    world.node().worker(WORKER).ok_or(BenchError::NoWorker)
}

fn pause(world: &mut World, publisher: BrowserId, is_paused: bool) {
    if let Some(publisher) = world.browser_mut(publisher).publisher() {
        publisher.pause(RANK, is_paused);
    }
}

fn as_received(outgoing: &Outgoing) -> Datagram<'_> {
    Datagram {
        transport: Transport::Udp,
        source: outgoing.source,
        destination: outgoing.destination,
        bytes: &outgoing.bytes,
    }
}
