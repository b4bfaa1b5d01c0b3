//! A job inside a message.

use super::wire::{Malformed, Reader, Writer};
use crate::job::{Cadence, FrameRate, Job, Keyframes, PicturesJob, RUNGS_MAX, Rung, SoundJob};

pub(super) fn write(writer: Writer, job: &Job) -> Writer {
    match job {
        Job::Sound(sound) => writer.u8(1).u32(sound.bit_rate_bps),
        Job::Pictures(pictures) => write_pictures(writer.u8(2), pictures),
    }
}

fn write_pictures(writer: Writer, job: &PicturesJob) -> Writer {
    let cadence = match job.cadence {
        Cadence::Constant(_) => 1,
        Cadence::AsSource(_) => 2,
    };
    let keyframes_every = match job.keyframes {
        Keyframes::Every(ticks) => ticks.max(1),
        Keyframes::AsSource => 0,
    };
    let n_rungs = u8::try_from(job.rungs.len()).unwrap_or(u8::MAX);
    let writer = writer
        .size(job.source)
        .u8(cadence)
        .u8(job.cadence.rate().fps())
        .u32(keyframes_every)
        .u8(n_rungs);
    let rungs = job.rungs.iter().take(n_rungs.into());
    rungs.fold(writer, |writer, rung| {
        writer.size(rung.size).u32(rung.bit_rate_bps)
    })
}

pub(super) fn read(reader: &mut Reader<'_>) -> Result<Job, Malformed> {
    match reader.u8()? {
        1 => Ok(Job::Sound(SoundJob {
            bit_rate_bps: reader.u32()?,
        })),
        2 => read_pictures(reader).map(Job::Pictures),
        _ => Err(Malformed::Tag),
    }
}

fn read_pictures(reader: &mut Reader<'_>) -> Result<PicturesJob, Malformed> {
    Ok(PicturesJob {
        source: reader.size()?,
        cadence: match (reader.u8()?, FrameRate::clamp(reader.u8()?)) {
            (1, rate) => Cadence::Constant(rate),
            (2, rate) => Cadence::AsSource(rate),
            _ => return Err(Malformed::Tag),
        },
        keyframes: match reader.u32()? {
            0 => Keyframes::AsSource,
            ticks => Keyframes::Every(ticks),
        },
        rungs: reader.list(RUNGS_MAX, |reader| {
            Ok(Rung {
                size: reader.size()?,
                bit_rate_bps: reader.u32()?,
            })
        })?,
    })
}
