//! What was looked at, and what was found.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use crate::catalog::{Level, Rule};

/// Findings of one rule that are kept with their place; more are counted. An origin that breaks a rule once breaks it in every
/// playlist, and a reader needs a few.
const FINDINGS_MAX: usize = 5;

/// A rule that was broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which playlist or file.
    pub place: String,
    /// The line of its text, from one.
    pub line: Option<usize>,
    /// What was there, and what should be.
    pub what: String,
}

/// What became of one rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// How often it was looked at.
    pub n_checked: u64,
    /// How often it was broken.
    pub n_broken: u64,
    /// The first of them.
    pub findings: Vec<Finding>,
}

/// What became of every rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    rows: BTreeMap<Rule, Row>,
}

/// A rule's row as JSON.
#[derive(Serialize)]
struct JsonRow<'r> {
    id: &'static str,
    level: Level,
    section: &'static str,
    sentence: &'static str,
    result: &'static str,
    checked: u64,
    broken: u64,
    findings: &'r [Finding],
}

impl Report {
    /// Looked at a rule, which holds or does not.
    pub fn check(&mut self, rule: Rule, holds: bool, finding: impl FnOnce() -> Finding) {
        let row = self.rows.entry(rule).or_default();
        row.n_checked = row.n_checked.saturating_add(1);
        if !holds {
            row.n_broken = row.n_broken.saturating_add(1);
            if row.findings.len() < FINDINGS_MAX {
                row.findings.push(finding());
            }
        }
    }

    /// What became of a rule; `None`: there was nothing to look at.
    pub fn row(&self, rule: Rule) -> Option<&Row> {
        self.rows.get(&rule)
    }

    /// The rules that were broken.
    pub fn broken(&self) -> impl Iterator<Item = Rule> + '_ {
        let broken = self.rows.iter().filter(|(_, row)| row.n_broken > 0);
        broken.map(|(rule, _)| *rule)
    }

    /// Whether every rule that binds was kept.
    pub fn conforms(&self) -> bool {
        self.broken().all(|rule| rule.level() != Level::Must)
    }

    /// All rules, one a line, and under each that was broken where.
    pub fn table(&self) -> String {
        let mut out = String::new();
        let none = Row::default();
        for rule in Rule::ALL {
            let row = self.row(*rule).unwrap_or(&none);
            // A `String` takes all that is written to it.
            let _ = writeln!(
                out,
                "{:<8} {:<6} {:<12} {:<8} {}",
                rule.id(),
                rule.level().to_string(),
                rule.section(),
                result(row),
                rule.sentence()
            );
            for finding in &row.findings {
                let line = finding.line.map(|n| format!(":{n}")).unwrap_or_default();
                let _ = writeln!(out, "         {}{line}: {}", finding.place, finding.what);
            }
            let more = row.n_broken.saturating_sub(row.findings.len() as u64);
            if more > 0 {
                let _ = writeln!(
                    out,
                    "         and {more} more of {} looked at",
                    row.n_checked
                );
            }
        }
        let n_of = |wanted: &str| {
            let rows = Rule::ALL
                .iter()
                .map(|rule| self.row(*rule).unwrap_or(&none));
            rows.filter(|row| result(row) == wanted).count()
        };
        let (kept, broken, unseen) = (n_of("pass"), n_of("FAIL"), n_of("not seen"));
        let conforms = match self.conforms() {
            true => "no MUST was broken",
            false => "a MUST was broken",
        };
        let _ = writeln!(
            out,
            "{kept} rules pass, {broken} fail, {unseen} had nothing to look at: {conforms}"
        );
        out
    }

    /// The same for programs.
    pub fn json(&self) -> serde_json::Result<String> {
        let none = Row::default();
        let rows = Rule::ALL.iter().map(|rule| {
            let row = self.row(*rule).unwrap_or(&none);
            JsonRow {
                id: rule.id(),
                level: rule.level(),
                section: rule.section(),
                sentence: rule.sentence(),
                result: result(row),
                checked: row.n_checked,
                broken: row.n_broken,
                findings: &row.findings,
            }
        });
        serde_json::to_string_pretty(&rows.collect::<Vec<JsonRow<'_>>>())
    }
}

fn result(row: &Row) -> &'static str {
    match (row.n_checked, row.n_broken) {
        (0, _) => "not seen",
        (_, 0) => "pass",
        (_, _) => "FAIL",
    }
}

/// A report, as whoever looks at one playlist or file writes into it.
#[derive(Debug)]
pub struct Notes<'r> {
    report: &'r mut Report,
    place: &'r str,
}

impl<'r> Notes<'r> {
    /// About a playlist or a file.
    pub fn new(report: &'r mut Report, place: &'r str) -> Self {
        Self { report, place }
    }

    /// Looked at a rule, here.
    pub fn check(
        &mut self,
        rule: Rule,
        line: Option<usize>,
        holds: bool,
        what: impl FnOnce() -> String,
    ) {
        self.report.check(rule, holds, || Finding {
            place: self.place.to_owned(),
            line,
            what: what(),
        });
    }
}
