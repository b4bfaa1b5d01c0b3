//! What this machine can do at all: header rewrite, AES-256-GCM and GSO sends to sockets that are drained, with nothing
//! else. Every cost of a server is a multiple of it.
//!
//! The sender has a CPU and the receivers another. Each burst, some packets to every receiver, is drained before the next
//! one begins, as a server's are. What counts is the sender's CPU time: what it waits for the receivers costs nothing.

mod receivers;
mod sealer;
mod table;

pub use table::{Spread, Table};

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde::Serialize;
use sfu_model::datagram::{TransmitBatch, Transport};
use sfu_net::clock::Clock;
use sfu_net::udp::{MESSAGES_MAX, Outgoing, UdpSocket};

use crate::cpu::Cpu;
use crate::proc::this_thread;
use crate::source::{AUDIO_PAYLOAD_BYTES, VIDEO_PAYLOAD_BYTES};
use receivers::Receivers;
use sealer::{Sealer, SourcePacket};

/// Media bytes of each packet of a picture: what browsers fill one with.
pub const PAYLOAD_BYTES: usize = VIDEO_PAYLOAD_BYTES;

/// How long a burst may take to be drained. What is missing then has been dropped by the kernel, and is not waited for.
const DRAIN_PATIENCE: Duration = Duration::from_secs(5);

/// What is done to each packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// Rewritten and sealed, not sent.
    Seal,
    /// Sent as it is, so many in one run.
    Send(usize),
    /// Rewritten, sealed and sent, so many in one run.
    SealAndSend(usize),
    /// A packet of sound, rewritten, sealed and sent: small and always alone.
    SealAndSendSound,
}

/// The works that are compared: a packet that comes alone, a paced sender's few, a frame of 2.4 Mbit/s.
pub const WORKS: [Work; 8] = [
    Work::Seal,
    Work::Send(1),
    Work::Send(3),
    Work::Send(10),
    Work::SealAndSend(1),
    Work::SealAndSend(3),
    Work::SealAndSend(10),
    Work::SealAndSendSound,
];

/// How the limit is taken.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    /// Receivers, each with its key.
    pub n_receivers: usize,
    /// How often each work is measured; works alternate.
    pub n_rounds: usize,
    /// How long one measurement lasts.
    pub measured: Duration,
    /// Where the sender runs.
    pub sender: Cpu,
    /// Where the receivers run.
    pub receivers: Cpu,
}

/// What one measurement gave.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Sample {
    /// Of the sender's CPU, for each packet.
    pub ns_per_packet: f64,
    /// Packets.
    pub n_packets: u64,
    /// Those of them that were sent and never read.
    pub n_lost: u64,
}

/// Why there is no limit. Operator: too few open files, or too few CPUs.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LimitError {
    /// A socket or a thread is refused.
    #[error("{0}")]
    System(#[from] io::Error),
    /// The receivers' thread has failed.
    #[error("the receivers have stopped")]
    ReceiversEnded,
    /// A key is not taken.
    #[error("no cipher: {0}")]
    Cipher(#[from] aws_lc_rs::error::Unspecified),
}

/// Takes the limit.
pub fn run(setup: Setup) -> Result<Table, LimitError> {
    setup.sender.hold_this_thread()?;
    let receivers = Receivers::start(setup.n_receivers, setup.receivers)?;
    let mut bench = Bench::new(setup, &receivers)?;
    let mut table = Table::new(setup);
    for work in WORKS {
        // Caches, the kernel's pools and the cipher's tables are warm before anything counts.
        bench.measure(work, &receivers)?;
    }
    for _ in 0..setup.n_rounds {
        for work in WORKS {
            table.push(work, bench.measure(work, &receivers)?);
        }
    }
    receivers.stop()?;
    Ok(table)
}

/// The sender.
struct Bench {
    clock: Clock,
    measured: Duration,
    socket: UdpSocket,
    picture: SourcePacket,
    sound: SourcePacket,
    viewers: Vec<(SocketAddr, Sealer)>,
    /// Runs for as many viewers as one call takes.
    batch: TransmitBatch,
}

impl Bench {
    fn new(setup: Setup, receivers: &Receivers) -> Result<Self, LimitError> {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let socket = UdpSocket::bind_group(any, 1)?.into_iter().next();
        let mut viewers = Vec::with_capacity(setup.n_receivers);
        for (index, address) in (0..).zip(receivers.addresses()) {
            viewers.push((*address, Sealer::new(index)?));
        }
        Ok(Self {
            clock: Clock::start(),
            measured: setup.measured,
            socket: socket.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?,
            picture: SourcePacket::new(PAYLOAD_BYTES),
            sound: SourcePacket::new(AUDIO_PAYLOAD_BYTES),
            viewers,
            batch: TransmitBatch::default(),
        })
    }

    fn measure(&mut self, work: Work, receivers: &Receivers) -> Result<Sample, LimitError> {
        let end = self.clock.now() + self.measured;
        let before = this_thread()?.ran;
        let (mut n_packets, mut n_lost) = (0, 0);
        while self.clock.now() < end {
            n_packets += self.burst(work)?;
            if work != Work::Seal {
                let missing = receivers.wait_for(n_packets - n_lost, DRAIN_PATIENCE)?;
                n_lost += missing;
            }
        }
        let ran = this_thread()?.ran.saturating_sub(before);
        receivers.forget();
        Ok(Sample {
            ns_per_packet: ran.as_nanos() as f64 / n_packets.max(1) as f64,
            n_packets,
            n_lost,
        })
    }

    /// Some packets to every receiver; says how many.
    fn burst(&mut self, work: Work) -> Result<u64, LimitError> {
        let Self {
            socket,
            picture,
            sound,
            viewers,
            batch,
            ..
        } = self;
        let (source, n_segments) = match work {
            Work::Seal => (&*picture, 1),
            Work::Send(n) | Work::SealAndSend(n) => (&*picture, n),
            Work::SealAndSendSound => (&*sound, 1),
        };
        let from = socket.local_address();
        for viewers in viewers.chunks_mut(MESSAGES_MAX) {
            batch.clear();
            for (destination, sealer) in viewers {
                for _ in 0..n_segments {
                    batch.push_with(
                        Transport::Udp,
                        from,
                        *destination,
                        |datagrams| match work {
                            Work::Send(_) => {
                                datagrams.resize(datagrams.len() + source.sealed_bytes(), 0);
                                Ok(())
                            }
                            Work::Seal | Work::SealAndSend(_) | Work::SealAndSendSound => {
                                sealer.seal(source, datagrams)
                            }
                        },
                    )?;
                }
            }
            if work != Work::Seal {
                send(socket, batch)?;
            }
        }
        Ok((n_segments * self.viewers.len()) as u64)
    }
}

fn send(socket: &mut UdpSocket, batch: &TransmitBatch) -> io::Result<()> {
    let runs = batch.iter().map(|(run, bytes)| Outgoing {
        run,
        bytes,
        source: None,
    });
    let n_taken = socket.send_many(runs);
    if n_taken < batch.runs().len() {
        return Err(io::ErrorKind::WouldBlock.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_work_is_measured_and_every_datagram_is_read() {
        let setup = Setup {
            n_receivers: 3,
            n_rounds: 1,
            measured: Duration::from_millis(5),
            sender: Cpu(0),
            receivers: Cpu(0),
        };
        let table = std::thread::spawn(move || run(setup)).join().unwrap();
        let table = table.unwrap();
        let works: Vec<Work> = table.rows.iter().map(|row| row.work).collect();
        assert_eq!(works, WORKS);
        for row in table.rows {
            assert!(row.samples[0].n_packets > 0, "{row:?}");
            assert_eq!(row.samples[0].n_lost, 0, "{row:?}");
        }
    }
}
