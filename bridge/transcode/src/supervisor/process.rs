//! One worker process: its socket, and the task that reads and writes it.

use std::io;
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::Config;
use crate::message::from_worker::FromWorker;
use crate::message::wire::{LENGTH_BYTES, message_length};
use crate::pool::action::WorkerId;

/// Messages that wait for a worker's socket. What is beyond [`COMMANDS_MAX`] are frames; a second of thirty streams.
const OUTBOX_MAX: usize = 2_048;

/// Of those, kept free for what must not be lost. A worker that reads none of so many is ended.
const COMMANDS_MAX: usize = 256;

/// Messages that are written in one call: more than a batch of sound has, and few enough not to be a second copy of a queue.
const WRITTEN_MAX: usize = 16;

/// A worker that is told to end by the end of its socket, and has not after this long, is ended by force.
const ENDS_WITHIN: Duration = Duration::from_secs(2);

/// What a worker's task tells the supervisor's.
#[derive(Debug)]
pub(super) enum Told {
    /// It said something.
    Message(Box<FromWorker>),
    /// It said what no worker says.
    Malformed,
    /// It has ended.
    Exit,
}

/// A running worker.
#[derive(Debug)]
pub(super) struct Process {
    outbox: mpsc::Sender<Vec<u8>>,
    task: AbortHandle,
}

impl Process {
    /// Starts one. What it says is told to `told`, its end at last.
    pub(super) fn start(
        config: &Config,
        id: WorkerId,
        told: mpsc::Sender<(WorkerId, Told)>,
    ) -> io::Result<Self> {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let socket = UnixStream::from_std(ours)?;
        let child = Command::new(&config.program)
            .args(&config.arguments)
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let (outbox, messages) = mpsc::channel(OUTBOX_MAX);
        let task = tokio::spawn(run(id, child, socket, messages, told));
        Ok(Self {
            outbox,
            task: task.abort_handle(),
        })
    }

    /// Whether a frame may be sent.
    pub(super) fn has_room(&self) -> bool {
        self.outbox.capacity() > COMMANDS_MAX
    }

    /// Sends a message. False: not even commands find room.
    pub(super) fn send(&self, message: Vec<u8>) -> bool {
        self.outbox.try_send(message).is_ok()
    }

    /// Ends it at once: the child goes with its task.
    pub(super) fn kill(self) {
        self.task.abort();
    }
}

async fn run(
    id: WorkerId,
    mut child: Child,
    socket: UnixStream,
    messages: mpsc::Receiver<Vec<u8>>,
    told: mpsc::Sender<(WorkerId, Told)>,
) {
    let (reader, writer) = socket.into_split();
    let mut reading = std::pin::pin!(read(id, reader, &told));
    tokio::select! {
        () = &mut reading => {}
        // Nothing more is to be said: it ends by itself.
        () = write(writer, messages) => drop(timeout(ENDS_WITHIN, reading).await),
    }
    if let Err(error) = child.kill().await {
        tracing::warn!(worker = id.0, %error, "a transcode worker cannot be ended");
    }
    // Nobody listens when the supervisor is gone.
    let _sent = told.send((id, Told::Exit)).await;
}

/// Writes until there is nothing more to say, or nobody reads. What waits together is written together: it wakes the worker
/// once.
async fn write(mut socket: OwnedWriteHalf, mut messages: mpsc::Receiver<Vec<u8>>) {
    let mut together = Vec::new();
    while messages.recv_many(&mut together, WRITTEN_MAX).await > 0 {
        if socket.write_all(&together.concat()).await.is_err() {
            return;
        }
        together.clear();
    }
}

/// Reads until the worker ends, or says what no worker says.
async fn read(id: WorkerId, socket: OwnedReadHalf, told: &mpsc::Sender<(WorkerId, Told)>) {
    let mut socket = BufReader::new(socket);
    let mut body = Vec::new();
    loop {
        let mut length = [0; LENGTH_BYTES];
        if socket.read_exact(&mut length).await.is_err() {
            return;
        }
        let Ok(length) = message_length(length) else {
            let _sent = told.send((id, Told::Malformed)).await;
            return;
        };
        body.resize(length, 0);
        if socket.read_exact(&mut body).await.is_err() {
            return;
        }
        let (said, is_over) = match FromWorker::decode(&body) {
            Ok(message) => (Told::Message(Box::new(message)), false),
            Err(_) => (Told::Malformed, true),
        };
        if told.send((id, said)).await.is_err() || is_over {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::capacity::Capacity;

    // On one thread, so that nothing is written while this does not wait.
    #[tokio::test(flavor = "current_thread")]
    async fn what_waits_for_a_worker_has_an_edge_for_frames_and_one_for_commands() {
        let capacity = Capacity {
            pixel_rate_max: 0,
            pictures_per_worker: 1,
        };
        let config = Config {
            program: "sleep".into(),
            arguments: vec!["60".into()],
            capacity,
            capacity_on_card: capacity,
        };
        let (told, _hears) = mpsc::channel(1);
        let process = Process::start(&config, WorkerId(0), told).unwrap();
        for _ in 0..OUTBOX_MAX - COMMANDS_MAX {
            assert!(process.has_room());
            assert!(process.send(vec![0]));
        }
        assert!(!process.has_room());
        for _ in 0..COMMANDS_MAX {
            assert!(process.send(vec![0]));
        }
        assert!(!process.send(vec![0]));
        process.kill();
    }
}
