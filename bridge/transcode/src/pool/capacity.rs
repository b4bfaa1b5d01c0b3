//! How much a node can do, in pixels a second.

use crate::job::{Job, PicturesJob, RUNGS_MAX};

/// What a node carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Pixels a second, decoded and encoded, of all slots. A session is no measure: one of 1080 lines costs nine of 360.
    pub pixel_rate_max: u64,
    /// Streams whose pictures share a worker: one on a processor, so that a crash ends one; several on a card, so that they
    /// share its context.
    pub pictures_per_worker: u32,
}

/// Streams whose sound shares a worker. Each takes 2 to 3 % of a core and the worker uses all cores; more than this go to a
/// second one, so that a crash is never silence for everybody.
pub const SOUNDS_PER_WORKER_MAX: usize = 256;

/// Streams whose sound a node carries, in all its workers: one more waits in the queue. Forty cores' worth.
pub const SOUNDS_MAX: usize = 2_048;

/// Why there is no slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// This node could never do it: give it fewer or smaller rungs, or more capacity.
    #[error("the job is larger than the node's capacity")]
    TooLarge,
    /// It has no rung, or more than there can be.
    #[error("the job has no rung, or too many")]
    Rungs,
    /// Too many wait already: try later, or elsewhere.
    #[error("too many jobs wait for capacity")]
    QueueFull,
    /// The supervisor is gone.
    #[error("the transcoder has stopped")]
    Stopped,
}

impl Capacity {
    /// What a job costs.
    ///
    /// # Errors
    ///
    /// It is no job for this node.
    pub fn check(&self, job: &Job) -> Result<u64, Refusal> {
        if let Job::Pictures(pictures) = job
            && !(1..=RUNGS_MAX).contains(&pictures.rungs.len())
        {
            return Err(Refusal::Rungs);
        }
        let cost = cost(job);
        match cost <= self.pixel_rate_max {
            true => Ok(cost),
            false => Err(Refusal::TooLarge),
        }
    }
}

/// Pixels a second that a job may come to need, when all its rungs are wanted: a rung that somebody asks for must find its
/// place free. Sound is not counted in pixels.
pub fn cost(job: &Job) -> u64 {
    match job {
        Job::Sound(_) => 0,
        Job::Pictures(pictures) => pixels(pictures),
    }
}

fn pixels(job: &PicturesJob) -> u64 {
    // Decoding a picture costs about a third of encoding it (measured: avdec_h264 against x264 superfast).
    let decoded = u64::from(job.source.area()) / 3;
    let encoded = job.rungs.iter().map(|rung| u64::from(rung.size.area()));
    let fps = u64::from(job.cadence.rate().fps());
    encoded
        .fold(decoded, u64::saturating_add)
        .saturating_mul(fps)
}
