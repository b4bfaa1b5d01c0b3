//! Worker processes and what crosses to them, on a tokio runtime: it does what the [`crate::pool`] decides.
//!
//! One task owns the pool; each worker has a task that reads and writes its socket. Every queue between them is bounded and
//! nobody waits for a full one but a worker's reader, which makes the worker wait.

pub mod event;
mod jobs;
mod outlet;
mod probing;
mod process;
mod request;
pub mod slot;
pub mod snapshot;
mod task;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sfu_net::clock::Clock;
use tokio::sync::{mpsc, oneshot};

use crate::capabilities::Capabilities;
use crate::job::Job;
use crate::pool::capacity::{Capacity, Refusal};

use request::Request;
use slot::Slot;
use snapshot::Snapshot;

/// What a supervisor needs to know.
#[derive(Clone, Debug)]
pub struct Config {
    /// The executable of workers, with arguments that make it one.
    pub program: PathBuf,
    /// Those arguments.
    pub arguments: Vec<OsString>,
    /// What this machine carries where its processor has a part in each picture.
    pub capacity: Capacity,
    /// What it carries where a card does all that is done to pictures.
    pub capacity_on_card: Capacity,
}

/// Requests that wait for the supervisor's task: frames of publishers, nearly all. Half a second of two hundred streams; it
/// only hands on, so that more means that the machine is too busy, and frames are given up.
const REQUESTS_MAX: usize = 8_192;

/// A handle of the supervisor. When the last is gone, and all slots are, workers end.
#[derive(Clone, Debug)]
pub struct Supervisor {
    requests: mpsc::Sender<Request>,
    /// Frames of publishers that did not even come to the task.
    n_given_up: Arc<AtomicU64>,
}

impl Supervisor {
    /// Starts the supervisor on the runtime that this is called in.
    pub fn start(config: Config, clock: Clock) -> Self {
        let (requests, inbox) = mpsc::channel(REQUESTS_MAX);
        tokio::spawn(task::run(config, clock, inbox));
        Self {
            requests,
            n_given_up: Arc::default(),
        }
    }

    /// Opens a slot. It may have to wait for its turn; its events say so.
    ///
    /// # Errors
    ///
    /// The node cannot do the job, or too many wait.
    pub async fn open(&self, job: Job) -> Result<Slot, Refusal> {
        let (answer, opened) = oneshot::channel();
        let request = Request::Open(job, answer);
        self.requests
            .send(request)
            .await
            .map_err(|_| Refusal::Stopped)?;
        let (id, events) = opened.await.map_err(|_| Refusal::Stopped)??;
        Ok(Slot::new(id, self.clone(), events))
    }

    /// What this machine can decode and encode, as a process finds it that tries. `None`: none says so.
    pub async fn probe(&self) -> Option<Capabilities> {
        let (answer, probed) = oneshot::channel();
        self.requests.send(Request::Probe(answer)).await.ok()?;
        probed.await.ok()
    }

    /// How it stands.
    pub async fn snapshot(&self) -> Option<Snapshot> {
        let (answer, told) = oneshot::channel();
        self.requests.send(Request::Snapshot(answer)).await.ok()?;
        let mut snapshot = told.await.ok()?;
        let n_given_up = self.n_given_up.load(Ordering::Relaxed);
        snapshot.frames_in_dropped = snapshot.frames_in_dropped.saturating_add(n_given_up);
        Some(snapshot)
    }

    /// Counts a frame of a publisher that is not sent to a slot, because whoever has it could not keep it.
    pub fn give_up_frame(&self) {
        self.n_given_up.fetch_add(1, Ordering::Relaxed);
    }

    /// Asks the task for something, and never waits. False: it is behind.
    fn request(&self, request: Request) -> bool {
        self.requests.try_send(request).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capabilities::Role;
    use crate::job::SoundJob;
    use crate::message::from_worker::FromWorker;
    use crate::place::Place;
    use crate::plan::Plan;
    use crate::some_frame::frame;
    use crate::some_machine;

    /// Workers that start, and say nothing.
    fn silent() -> Config {
        Config {
            program: "sleep".into(),
            arguments: vec!["60".into()],
            capacity: NOTHING,
            capacity_on_card: NOTHING,
        }
    }

    const NOTHING: Capacity = Capacity {
        pixel_rate_max: 0,
        pictures_per_worker: 1,
    };

    // On one thread, so that the task runs only while this waits.
    #[tokio::test(flavor = "current_thread")]
    async fn frames_that_a_supervisor_is_too_busy_for_have_an_edge_and_are_counted() {
        let supervisor = Supervisor::start(silent(), Clock::start());
        let sound = Job::Sound(SoundJob {
            bit_rate_bps: 128_000,
        });
        let mut slot = supervisor.open(sound).await.unwrap();
        for _ in 0..REQUESTS_MAX {
            assert!(slot.send(frame(0)));
        }
        assert!(!slot.send(frame(0)));
        assert!(!slot.send(frame(0)));
        // What came to the task found no worker that is ready.
        let n_dropped = supervisor.snapshot().await.unwrap().frames_in_dropped;
        assert_eq!(n_dropped, REQUESTS_MAX as u64 + 2);
    }

    #[tokio::test]
    async fn a_driver_that_ends_who_tries_it_is_left_alone_and_all_else_is_found() {
        // It ends at a question about cards, as at a driver's fault, and finds a GStreamer called "x" at another.
        let script = r#"
            question=$(dd bs=1 count=6 2>/dev/null | od -An -tu1)
            case $question in *0) ;; *) kill -9 $$ ;; esac
            printf '\010\000\000\000\001\001\000\000\000x\000\000' >&0
            cat >/dev/null
        "#;
        let config = Config {
            program: "sh".into(),
            arguments: vec!["-c".into(), script.into()],
            ..silent()
        };
        let supervisor = Supervisor::start(config, Clock::start());
        let found = supervisor.probe().await.unwrap();
        assert_eq!(&*found.version, "x");
        // Whoever asks later is told the same.
        assert_eq!(supervisor.probe().await, Some(found));
    }

    #[tokio::test]
    async fn a_driver_that_ends_who_touches_its_card_leaves_the_other_one() {
        // It says which card it touches first, NVIDIA's where it may, and ends there; it finds a GStreamer called "v" where it may
        // touch the other alone, and one called "x" where none.
        let script = r#"
            question=$(dd bs=1 count=6 2>/dev/null | od -An -tu1)
            found() {
                printf '\010\000\000\000\001\001\000\000\000%s\000\000' $1 >&0
                cat >/dev/null
            }
            case $question in
                *3) printf '\002\000\000\000\010\000' >&0; kill -9 $$ ;;
                *2) found v ;;
                *) found x ;;
            esac
        "#;
        let config = Config {
            program: "sh".into(),
            arguments: vec!["-c".into(), script.into()],
            ..silent()
        };
        let supervisor = Supervisor::start(config, Clock::start());
        assert_eq!(&*supervisor.probe().await.unwrap().version, "v");
    }

    /// A machine whose card encoded in its trial.
    fn with_card() -> Capabilities {
        some_machine::with_card(Place::Processor, "nvh264enc", Vec::new())
    }

    #[tokio::test]
    async fn a_driver_that_ends_each_worker_that_is_told_of_its_card_is_given_up() {
        // It is ready, then finds what the file says, or ends when it is told of a card that is not given up.
        let script = r#"
            printf '\001\000\000\000\000' >&0
            set -- "$1" $(dd bs=1 count=5 2>/dev/null | od -An -tu1)
            case $6 in
                0) cat "$1" >&0 ;;
                6) dd bs=1 count=$(($2 + 256 * $3 - 1)) 2>/dev/null | grep -q 'given up' || kill -9 $$ ;;
            esac
            cat >/dev/null
        "#;
        let found = with_card();
        let file = format!("freshet-probed-{}", std::process::id());
        let file = std::env::temp_dir().join(file);
        let answer = FromWorker::Probed(found.clone()).encode().unwrap();
        std::fs::write(&file, answer).unwrap();
        let some = Capacity {
            pixel_rate_max: 1,
            pictures_per_worker: 1,
        };
        let config = Config {
            program: "sh".into(),
            arguments: vec![
                "-c".into(),
                script.into(),
                "worker".into(),
                file.clone().into(),
            ],
            capacity: some,
            capacity_on_card: some,
        };
        let supervisor = Supervisor::start(config, Clock::start());
        assert_eq!(supervisor.probe().await, Some(found));
        let is_given_up = async {
            loop {
                let snapshot = supervisor.snapshot().await.unwrap();
                if snapshot.cards_given_up > 0 {
                    return snapshot;
                }
                tokio::task::yield_now().await;
            }
        };
        let patience = std::time::Duration::from_secs(60);
        let given_up = tokio::time::timeout(patience, is_given_up).await.unwrap();
        std::fs::remove_file(file).unwrap();
        assert_eq!((given_up.cards_given_up, given_up.worker_exits), (1, 5));
        // Whoever asks from then on is told of the processor.
        let plan = Plan::of(&supervisor.probe().await.unwrap());
        assert_eq!(
            plan.taken(Role::EncodeH264),
            Some(("x264enc", Place::Processor))
        );
    }

    #[tokio::test]
    async fn an_executable_that_finds_nothing_says_so_at_once() {
        let config = Config {
            program: "false".into(),
            ..silent()
        };
        let supervisor = Supervisor::start(config, Clock::start());
        assert_eq!(supervisor.probe().await, None);
    }
}
