//! The worker process: it reads messages on its standard input, which is a socket, runs a slot for each job, and writes what
//! they make to the same socket. It ends when the socket does.

mod aac;
mod card_check;
mod contexts;
mod decoder;
mod elements;
mod inbox;
mod ladder;
mod latest;
mod line;
mod outlet;
mod pictures;
mod probe;
mod row;
mod rung;
mod samples;
mod slots;
mod sound;
mod trial;

use std::io::{self, BufReader, Read};
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use sfu_net::clock::Clock;

use crate::message::from_worker::FromWorker;
use crate::message::to_worker::ToWorker;
use crate::message::wire::{LENGTH_BYTES, message_length};
use outlet::Outlet;
use slots::Slots;

/// How often a worker says that it lives. Six such are missed before it is taken for dead.
const ALIVE_EVERY: Duration = Duration::from_millis(500);

/// Runs this process as a worker, until its supervisor closes the socket that it was started with.
pub fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The supervisor gives its own standard error to its workers: the line lands in its log.
            tracing::error!(%error, "the transcode worker ends");
            ExitCode::FAILURE
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error("standard input is not the socket of a supervisor: {0}")]
    Socket(#[from] io::Error),
    #[error("GStreamer does not start: {0}")]
    GStreamer(#[from] gstreamer::glib::Error),
    #[error(transparent)]
    Malformed(#[from] crate::message::wire::Malformed),
}

fn run() -> Result<(), Ended> {
    let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    // Ours and not a terminal's: a worker that is started by hand says so and ends.
    socket.peer_addr()?;
    gstreamer::init()?;
    let clock = Clock::start();
    let outlet = Outlet::start(socket.try_clone()?)?;
    let _alive = say_alive(outlet.clone())?;
    outlet.tell(&FromWorker::Ready);
    let mut slots = Slots::new(outlet.clone(), clock);
    let mut reader = BufReader::new(&socket);
    let mut body = Vec::new();
    while read_message(&mut reader, &mut body)? {
        match ToWorker::decode(&body)? {
            ToWorker::Probe(cards) => {
                let touches = |place| {
                    outlet.tell(&FromWorker::Touches(place));
                };
                outlet.tell(&FromWorker::Probed(probe::probe(cards, &touches)));
            }
            ToWorker::Found(found) => slots.plan_by(&found),
            message @ (ToWorker::Open(..)
            | ToWorker::Frame(..)
            | ToWorker::KeyframeAt(..)
            | ToWorker::Rungs(..)
            | ToWorker::Close(_)) => slots.handle_message(message),
        }
    }
    socket.shutdown(Shutdown::Both).or(Ok(()))
}

/// Reads the next message. False: there is none, since the supervisor is gone or has no more to do.
fn read_message(reader: &mut impl Read, body: &mut Vec<u8>) -> Result<bool, Ended> {
    let mut length = [0; LENGTH_BYTES];
    match reader.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
        result => result?,
    }
    body.resize(message_length(length)?, 0);
    reader.read_exact(body)?;
    Ok(true)
}

/// Says that the process lives, until what is returned is dropped.
fn say_alive(outlet: Outlet) -> io::Result<SyncSender<()>> {
    let (until, ended) = sync_channel(0);
    let thread = std::thread::Builder::new().name("alive".into());
    thread.spawn(move || {
        while ended.recv_timeout(ALIVE_EVERY) == Err(RecvTimeoutError::Timeout) {
            outlet.tell(&FromWorker::Alive(outlet.counts()));
        }
    })?;
    Ok(until)
}
