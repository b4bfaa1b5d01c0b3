//! What the tests of this crate share: a supervisor of real workers, and media that ffmpeg makes and reads.

#![allow(
    dead_code,
    reason = "each test file is a program of its own and uses a part"
)]

pub(crate) mod media;
pub(crate) mod pictures;

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use bridge_transcode::job::{Job, RungIndex};
use bridge_transcode::pool::action::Event;
use bridge_transcode::pool::capacity::Capacity;
use bridge_transcode::supervisor::event::SlotEvent;
use bridge_transcode::supervisor::slot::Slot;
use bridge_transcode::supervisor::{Config, Supervisor};
use sfu_model::codec::MediaKind;
use sfu_model::frame::Frame;
use sfu_net::clock::Clock;

/// Long enough for anything that works, on a machine with much else to do.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A supervisor whose workers have a mark, by which they are found among all processes.
pub(crate) struct Rig {
    pub(crate) supervisor: Supervisor,
    pub(crate) clock: Clock,
    mark: String,
}

impl Rig {
    pub(crate) fn start(mark: &str) -> Self {
        Self::start_sharing(mark, 1)
    }

    /// One whose workers carry the pictures of so many streams, as they do on a card.
    pub(crate) fn start_sharing(mark: &str, pictures_per_worker: u32) -> Self {
        let mark = format!("{mark}-{}", std::process::id());
        let clock = Clock::start();
        let capacity = Capacity {
            pixel_rate_max: 1_000_000_000,
            pictures_per_worker,
        };
        let config = Config {
            program: env!("CARGO_BIN_EXE_transcode-worker").into(),
            arguments: vec![OsString::from(&mark)],
            capacity,
            capacity_on_card: capacity,
        };
        Self {
            supervisor: Supervisor::start(config, clock),
            clock,
            mark,
        }
    }

    /// A slot whose worker has begun.
    pub(crate) async fn open(&self, job: Job) -> Slot {
        let mut slot = self.supervisor.open(job).await.unwrap();
        until_running(&mut slot).await;
        slot
    }

    /// The worker processes that run.
    pub(crate) fn workers(&self) -> Vec<u32> {
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        ids.filter(|id: &u32| {
            let line = std::fs::read(Path::new("/proc").join(id.to_string()).join("cmdline"));
            let line = line.unwrap_or_default();
            line.windows(self.mark.len())
                .any(|w| w == self.mark.as_bytes())
        })
        .collect()
    }

    /// Ends all workers at once and without a word: one after the other, a slot would go on in the one that is next.
    pub(crate) fn kill_all(&self) {
        let ids = self.workers().into_iter().map(|id| id.to_string());
        let status = std::process::Command::new("kill")
            .arg("-9")
            .args(ids)
            .status();
        assert!(status.unwrap().success());
    }
}

/// The next event.
pub(crate) async fn next(slot: &mut Slot) -> SlotEvent {
    let event = tokio::time::timeout(PATIENCE, slot.next()).await;
    event.expect("nothing came").expect("the slot is over")
}

/// Waits for the slot's worker, and says by which elements it works.
pub(crate) async fn until_running(slot: &mut Slot) -> Box<str> {
    loop {
        match next(slot).await {
            SlotEvent::State(Event::Running(by)) => return by,
            SlotEvent::State(Event::Failed(why)) => panic!("{why}"),
            SlotEvent::State(_) | SlotEvent::Frame(..) => {}
        }
    }
}

/// Sends all frames, each when what came out is at most a second of sound, or eight pictures, behind it, and returns what
/// came out until it is over.
pub(crate) async fn transcode(
    slot: &mut Slot,
    frames: Vec<Frame>,
    is_over: impl Fn(&[(RungIndex, Frame)]) -> bool,
) -> Vec<(RungIndex, Frame)> {
    let mut out: Vec<(RungIndex, Frame)> = Vec::new();
    let start = frames.first().map_or(0, |frame| frame.time.0);
    for frame in frames {
        let ticks = match frame.kind() {
            MediaKind::Audio => 48_000,
            MediaKind::Video => 8 * 3_000,
        };
        while slowest(&out).unwrap_or(start) + ticks < frame.time.0 {
            if let SlotEvent::Frame(rung, frame) = next(slot).await {
                out.push((rung, frame));
            }
        }
        assert!(slot.send(frame), "the supervisor is behind");
    }
    while !is_over(&out) {
        if let SlotEvent::Frame(rung, frame) = next(slot).await {
            out.push((rung, frame));
        }
    }
    out
}

/// How far the rung has come that is behind the others.
fn slowest(out: &[(RungIndex, Frame)]) -> Option<u64> {
    let last_of = |rung| {
        let frames = out
            .iter()
            .rev()
            .find(|(index, _)| *index == RungIndex(rung));
        frames.map(|(_, frame)| frame.time.0)
    };
    (0..2).filter_map(last_of).min()
}
