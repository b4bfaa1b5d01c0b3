//! What a command says, and how it fails.

use std::io::Write as _;

use crate::config::problem::Problems;

/// A line for whoever typed the command. Somebody who closes the pipe has heard enough.
pub(super) fn say(line: impl std::fmt::Display) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// The reason for a failure, on the standard error.
pub(super) fn complain(failure: &Failure) {
    let _ = writeln!(std::io::stderr().lock(), "freshet: {failure}");
}

/// Why a command did nothing. The text says what to do.
#[derive(Debug)]
pub(super) struct Failure(String);

impl Failure {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        let noun = if problems.len() == 1 {
            "problem"
        } else {
            "problems"
        };
        Self(format!(
            "{} {noun} in the configuration\n{problems}",
            problems.len()
        ))
    }
}

/// Every other error already says what to do.
macro_rules! failure_from {
    ($($error:ty),+ $(,)?) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self(error.to_string())
            }
        })+
    };
}

failure_from!(
    crate::compose::StartError,
    crate::data_dir::DataError,
    crate::streams::StoreError,
    crate::token_keys::KeysError,
    crate::url_keys::UrlKeyError,
    std::io::Error,
    sfu_model::id::InvalidRoomName,
    sfu_net::entropy::EntropyUnavailable,
    signaling_auth::signed_url::key::UrlLifetime,
    signaling_auth::stream_key::InvalidStreamKey,
    signaling_auth::token::issue::IssueError,
);
