//! Hands keyframes to the worker process, one at a time, and what it makes of them to whoever asked.

use std::io;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use bridge_server::thumbnails::{Draw, Keyframe, Reply};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use tracing::warn;

use super::wire::{self, JPEG_BYTES_MAX, KEYFRAME_BYTES_MAX};

/// Keyframes that wait for the worker. One more has no thumbnail; its stream has another in ten seconds. Each takes some 20 ms, so
/// that the last in line waits for a second.
const ORDERS_MAX: usize = 64;

/// How long the worker may take: a hundred times of what a large picture takes. Then it is killed, and the next keyframe has
/// another.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// What becomes of a keyframe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Made,
    /// The decoder could do nothing with it.
    Undecodable,
    /// Larger than [`KEYFRAME_BYTES_MAX`].
    TooLarge,
    /// [`ORDERS_MAX`] wait.
    Busy,
    /// The worker took longer than [`ANSWER_WITHIN`].
    TimedOut,
    /// The worker ended, said nonsense, or could not be started.
    Crashed,
}

impl Outcome {
    const ALL: [Self; 6] = [
        Self::Made,
        Self::Undecodable,
        Self::TooLarge,
        Self::Busy,
        Self::TimedOut,
        Self::Crashed,
    ];

    /// Its label in metrics.
    const fn label(self) -> &'static str {
        match self {
            Self::Made => "made",
            Self::Undecodable => "undecodable",
            Self::TooLarge => "too_large",
            Self::Busy => "busy",
            Self::TimedOut => "timed_out",
            Self::Crashed => "crashed",
        }
    }
}

/// How often each outcome was met.
#[derive(Clone, Debug, Default)]
struct Outcomes(Family<[(&'static str, &'static str); 1], Counter>);

impl Outcomes {
    fn count(&self, outcome: Outcome) {
        self.0.get_or_create(&[("outcome", outcome.label())]).inc();
    }
}

struct Order {
    keyframe: Keyframe,
    reply: Reply,
}

/// The desk. Clones are the same one; its thread ends with the last.
#[derive(Clone)]
pub(crate) struct Desk {
    orders: SyncSender<Order>,
    outcomes: Outcomes,
}

impl Desk {
    /// A desk whose workers are this program, started with these arguments.
    pub(crate) fn open(program: PathBuf, arguments: &'static [&'static str]) -> io::Result<Self> {
        let (orders, inbox) = sync_channel(ORDERS_MAX);
        let outcomes = Outcomes::default();
        let counted = outcomes.clone();
        thread::Builder::new()
            .name("thumbnails".to_owned())
            .spawn(move || serve(&inbox, &Recipe { program, arguments }, &counted))?;
        Ok(Self { orders, outcomes })
    }

    /// The way for streams to hand in keyframes. It never waits.
    pub(crate) fn draw(&self) -> Draw {
        let desk = self.clone();
        std::sync::Arc::new(move |keyframe: Keyframe, reply: Reply| {
            if keyframe.0.len() > KEYFRAME_BYTES_MAX {
                desk.outcomes.count(Outcome::TooLarge);
            } else if desk.orders.try_send(Order { keyframe, reply }).is_err() {
                desk.outcomes.count(Outcome::Busy);
            }
        })
    }

    /// Puts the desk's metrics into a registry; every outcome is there from the start, at zero.
    pub(crate) fn register(&self, registry: &mut Registry) {
        for outcome in Outcome::ALL {
            drop(
                self.outcomes
                    .0
                    .get_or_create(&[("outcome", outcome.label())]),
            );
        }
        let help = "Keyframes that were to become thumbnails, by what became of them";
        registry.register("hls_thumbnails", help, self.outcomes.0.clone());
    }
}

struct Recipe {
    program: PathBuf,
    arguments: &'static [&'static str],
}

/// Takes orders until nobody can give one any more.
fn serve(orders: &Receiver<Order>, recipe: &Recipe, outcomes: &Outcomes) {
    let mut worker = None;
    while let Ok(Order { keyframe, reply }) = orders.recv() {
        let answered = match worker.take().map_or_else(|| Worker::start(recipe), Ok) {
            Ok(ready) => worker.insert(ready).ask(keyframe),
            Err(error) => {
                warn!(%error, "no process for thumbnails can be started");
                Err(Outcome::Crashed)
            }
        };
        match answered {
            Ok(jpeg) if jpeg.is_empty() => outcomes.count(Outcome::Undecodable),
            Ok(jpeg) => {
                outcomes.count(Outcome::Made);
                reply(jpeg.into());
            }
            Err(outcome) => {
                outcomes.count(outcome);
                // Dropped, it is killed.
                worker = None;
            }
        }
    }
}

/// A worker process, and the thread that waits for its pipes.
struct Worker {
    child: Child,
    questions: SyncSender<Keyframe>,
    answers: Receiver<io::Result<Vec<u8>>>,
}

impl Worker {
    fn start(recipe: &Recipe) -> io::Result<Self> {
        let mut child = Command::new(&recipe.program)
            .args(recipe.arguments)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (mut to, mut from) = pipes.ok_or(io::ErrorKind::BrokenPipe)?;
        let (questions, asked) = sync_channel::<Keyframe>(1);
        let (answer, answers) = sync_channel(1);
        let worker = Self {
            child,
            questions,
            answers,
        };
        thread::Builder::new()
            .name("thumbnail-pipe".to_owned())
            .spawn(move || {
                while let Ok(keyframe) = asked.recv() {
                    let done = wire::write(&mut to, &keyframe.0);
                    let done = done.and_then(|()| wire::read(&mut from, JPEG_BYTES_MAX));
                    let is_over = done.is_err();
                    if answer.send(done).is_err() || is_over {
                        return;
                    }
                }
            })?;
        Ok(worker)
    }

    fn ask(&self, keyframe: Keyframe) -> Result<Vec<u8>, Outcome> {
        let crashed = |_| Outcome::Crashed;
        self.questions
            .try_send(keyframe)
            .map_err(|_| Outcome::Crashed)?;
        match self.answers.recv_timeout(ANSWER_WITHIN) {
            Ok(answer) => answer.map_err(crashed),
            Err(RecvTimeoutError::Timeout) => Err(Outcome::TimedOut),
            Err(RecvTimeoutError::Disconnected) => Err(Outcome::Crashed),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It is gone already, or it is now; either way it is waited for, so that it leaves no trace.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `sh` makes of a keyframe, and the outcome that was counted.
    fn outcome_of(script: &'static [&'static str], n_bytes: usize) -> (Option<Vec<u8>>, Outcome) {
        let desk = Desk::open("/bin/sh".into(), script).unwrap();
        let (reply, replies) = sync_channel(1);
        let draw = desk.draw();
        draw(
            Keyframe(vec![0; n_bytes].into()),
            Box::new(move |jpeg| reply.send(jpeg.to_vec()).unwrap()),
        );
        // The reply is given, or dropped once the outcome is counted.
        let jpeg = replies.recv().ok();
        let count = |outcome: &Outcome| {
            let labels = [("outcome", outcome.label())];
            desk.outcomes.0.get_or_create(&labels).get()
        };
        let mut counted = Outcome::ALL
            .into_iter()
            .filter(|outcome| count(outcome) > 0);
        let outcome = counted.next().unwrap();
        (jpeg, outcome)
    }

    #[test]
    fn a_worker_that_answers_crashes_talks_nonsense_or_sleeps_is_told_apart() {
        // `head` takes the question off the pipe: four bytes of length and eight more.
        let good: &[&str] = &[
            "-c",
            "head -c 12 >/dev/null; printf '\\0\\0\\0\\003abc'; exec cat",
        ];
        assert_eq!(outcome_of(good, 8), (Some(b"abc".to_vec()), Outcome::Made));
        let none: &[&str] = &[
            "-c",
            "head -c 12 >/dev/null; printf '\\0\\0\\0\\0'; exec cat",
        ];
        assert_eq!(outcome_of(none, 8), (None, Outcome::Undecodable));
        assert_eq!(outcome_of(&["-c", "exit 1"], 8), (None, Outcome::Crashed));
        let nonsense: &[&str] = &["-c", "printf '\\377\\377\\377\\377'; exec cat"];
        assert_eq!(outcome_of(nonsense, 8), (None, Outcome::Crashed));
        let silent: &[&str] = &["-c", "cat >/dev/null; true"];
        assert_eq!(outcome_of(silent, 8), (None, Outcome::TimedOut));
        let too_large = outcome_of(good, KEYFRAME_BYTES_MAX + 1);
        assert_eq!(too_large, (None, Outcome::TooLarge));
    }
}
