//! What is wrong with a line of a playlist.

use crate::catalog::Rule;

/// A line that cannot be read as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which rule it breaks.
    pub rule: Rule,
    /// Where, from one.
    pub line: usize,
    /// How.
    pub what: String,
}

impl Fault {
    /// A fault of this line.
    pub fn new(rule: Rule, line: usize, what: impl Into<String>) -> Self {
        Self {
            rule,
            line,
            what: what.into(),
        }
    }
}
