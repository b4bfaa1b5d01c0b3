//! The limit, as people and programs read it.

use std::fmt;

use serde::Serialize;

use super::{Sample, Setup, Work};
use crate::pacer::Pacing;
use crate::publisher::Media;
use crate::source::{AUDIO_INTERVAL, VIDEO_PAYLOAD_BYTES};

/// The samples of every work.
#[derive(Clone, Debug, Serialize)]
pub struct Table {
    /// Receivers, each with its key.
    pub n_receivers: usize,
    /// One for each work, in the order of their first sample.
    pub rows: Vec<Row>,
}

/// One work's samples.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// What was done.
    pub work: Work,
    /// Each round's.
    pub samples: Vec<Sample>,
}

/// A cost in nanoseconds, with its spread over the rounds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// The least.
    pub min: f64,
    /// The middle.
    pub median: f64,
    /// The most.
    pub max: f64,
}

impl Spread {
    /// Of these figures; `None` when there are none.
    pub fn of(figures: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = figures.into_iter().collect();
        sorted.sort_unstable_by(f64::total_cmp);
        Some(Self {
            min: *sorted.first()?,
            median: *sorted.get(sorted.len() / 2)?,
            max: *sorted.last()?,
        })
    }
}

impl Row {
    /// Nanoseconds for each packet.
    pub fn cost(&self) -> Option<Spread> {
        Spread::of(self.samples.iter().map(|sample| sample.ns_per_packet))
    }

    fn n_lost(&self) -> u64 {
        self.samples.iter().map(|sample| sample.n_lost).sum()
    }
}

impl Table {
    pub(super) fn new(setup: Setup) -> Self {
        Self {
            n_receivers: setup.n_receivers,
            rows: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, work: Work, sample: Sample) {
        match self.rows.iter_mut().find(|row| row.work == work) {
            Some(row) => row.samples.push(sample),
            None => self.rows.push(Row {
                work,
                samples: vec![sample],
            }),
        }
    }

    /// The same, of each round.
    pub fn costs(&self, work: Work) -> impl Iterator<Item = f64> {
        let row = self.rows.iter().find(move |row| row.work == work);
        let samples = row.into_iter().flat_map(|row| &row.samples);
        samples.map(|sample| sample.ns_per_packet)
    }

    /// What a packet costs, nothing but this work done.
    pub fn cost(&self, work: Work) -> Option<Spread> {
        Spread::of(self.costs(work))
    }

    /// What a packet of a stream costs, in each round: its pictures in runs as long as its pacing makes them, and
    /// its sound, each as often as it comes.
    pub fn stream_costs(&self, media: Media) -> impl Iterator<Item = f64> {
        // What a paced publisher's viewers get in one run, and a bursty one's.
        let n_segments = match media.pacing {
            Pacing::Paced => 3,
            Pacing::Bursty => 10,
        };
        let n_pictures = f64::from(media.bitrate_bps) / (8 * VIDEO_PAYLOAD_BYTES) as f64;
        let n_sounds = 1.0 / AUDIO_INTERVAL.as_secs_f64();
        self.costs(Work::SealAndSend(n_segments))
            .zip(self.costs(Work::SealAndSendSound))
            .map(move |(picture, sound)| {
                (picture * n_pictures + sound * n_sounds) / (n_pictures + n_sounds)
            })
    }
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Seal => "rewrite and seal".to_owned(),
            Self::Send(n) => format!("send, {n} in a run"),
            Self::SealAndSend(n) => format!("rewrite, seal and send, {n} in a run"),
            Self::SealAndSendSound => "rewrite, seal and send sound".to_owned(),
        };
        f.pad(&text)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "the limit of this machine: {} receivers, {} B of payload, AES-256-GCM; ns of CPU per packet",
            self.n_receivers,
            super::PAYLOAD_BYTES
        )?;
        writeln!(
            f,
            "{:<38} {:>7} {:>7} {:>7} {:>7}",
            "", "median", "min", "max", "lost"
        )?;
        for row in &self.rows {
            let Some(cost) = row.cost() else { continue };
            writeln!(
                f,
                "{:<38} {:>7.0} {:>7.0} {:>7.0} {:>7}",
                row.work,
                cost.median,
                cost.min,
                cost.max,
                row.n_lost()
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::cpu::Cpu;

    #[test]
    fn a_row_has_the_median_of_its_rounds() {
        let mut table = Table::new(Setup {
            n_receivers: 1,
            n_rounds: 3,
            measured: Duration::ZERO,
            sender: Cpu(0),
            receivers: Cpu(0),
        });
        for ns_per_packet in [300.0, 100.0, 250.0] {
            let sample = Sample {
                ns_per_packet,
                n_packets: 1,
                n_lost: 0,
            };
            table.push(Work::Send(3), sample);
        }
        let expected = Spread {
            min: 100.0,
            median: 250.0,
            max: 300.0,
        };
        assert_eq!(table.cost(Work::Send(3)), Some(expected));
        assert_eq!(table.cost(Work::Seal), None);
        assert!(table.to_string().contains("send, 3 in a run"));
    }
}
