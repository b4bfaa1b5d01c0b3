//! What a ramp says: a line for each step, why it stopped, and how many players the server carried.

use std::fmt;

use serde::Serialize;

use super::step::{Bars, HEADING, Step};
use crate::network_figures;

/// All steps.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    steps: Vec<Step>,
    stopped: Option<Stopped>,
    /// Players of the last step that broke no bar.
    viewers_carried: usize,
}

/// Where it stopped.
#[derive(Debug, Serialize)]
struct Stopped {
    viewers: usize,
    why: String,
}

impl Report {
    /// A step was made.
    pub(super) fn push(&mut self, step: Step, bars: Bars) {
        match step.broken_bar(bars) {
            Some(why) => self.stop(step.viewers(), why),
            None => self.viewers_carried = step.viewers(),
        }
        self.steps.push(step);
    }

    /// A step could not be made, or broke a bar.
    pub(super) fn stop(&mut self, viewers: usize, why: String) {
        self.stopped = Some(Stopped { viewers, why });
    }

    /// No step is to come.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.is_some()
    }

    /// Packets that never came, up to the last step's end.
    pub(super) fn n_lost(&self) -> u64 {
        self.steps.last().map_or(0, Step::n_lost)
    }

    /// Players of the last step that broke no bar.
    pub fn viewers_carried(&self) -> usize {
        self.viewers_carried
    }

    /// The steps that were made, the one that broke a bar included.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// No step broke a bar.
    pub fn passed(&self) -> bool {
        self.stopped.is_none()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADING}")?;
        for step in &self.steps {
            writeln!(f, "{step}")?;
        }
        for step in &self.steps {
            network_figures::write(
                f,
                &format!("of {} viewers", step.viewers()),
                step.networks(),
            )?;
        }
        if let Some(Stopped { viewers, why }) = &self.stopped {
            writeln!(f, "STOPPED at {viewers} viewers: {why}")?;
        }
        writeln!(f, "carried: {} viewers", self.viewers_carried)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_refuses_stops_the_ramp_and_carried_what_it_carried() {
        let mut report = Report::default();
        assert!(report.passed());
        report.stop(50, "429".into());
        assert!(!report.passed() && report.is_stopped());
        let text = report.to_string();
        assert!(text.ends_with("STOPPED at 50 viewers: 429\ncarried: 0 viewers\n"));
    }
}
