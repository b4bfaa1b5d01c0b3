//! What is wrong with a configuration: where, what, and what to do about it.

use std::fmt;
use std::path::{Path, PathBuf};

/// Where a setting stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A line of the file, counted from one.
    Line { file: PathBuf, line: usize },
    /// The file, no line of it.
    File(PathBuf),
    /// An environment variable.
    Variable(String),
    /// Nowhere: the default, or what is missing.
    Default,
}

impl Place {
    pub(crate) fn line(file: Option<&Path>, line: Option<usize>) -> Self {
        match (file, line) {
            (Some(file), Some(line)) => Self::Line {
                file: file.to_owned(),
                line,
            },
            (Some(file), None) => Self::File(file.to_owned()),
            (None, _) => Self::Default,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line { file, line } => write!(f, "{}:{line}: ", file.display()),
            Self::File(file) => write!(f, "{}: ", file.display()),
            Self::Variable(name) => write!(f, "environment variable {name}: "),
            Self::Default => Ok(()),
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) place: Place,
    /// What is wrong. Never a secret's value.
    pub(crate) what: String,
    /// What to do; may be empty where `what` says it.
    pub(crate) action: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.place, self.what)?;
        if self.action.is_empty() {
            Ok(())
        } else {
            write!(f, "\n    {}", self.action)
        }
    }
}

/// Everything that is wrong, in the order in which it was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    pub(crate) fn one(place: Place, what: impl Into<String>, action: impl Into<String>) -> Self {
        Self(vec![Problem {
            place,
            what: what.into(),
            action: action.into(),
        }])
    }

    /// These, and then those.
    pub(crate) fn and(&self, more: Self) -> Self {
        Self(self.0.iter().cloned().chain(more.0).collect())
    }

    pub(crate) fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
