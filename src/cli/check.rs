//! `freshet check CONFIG`: whether the file is right, and what this machine can encode.

use std::path::PathBuf;

use super::output::{Failure, say};
use super::transcoder;
use crate::config;

/// Check a configuration file.
#[derive(Debug, clap::Args)]
pub(super) struct Check {
    /// The file to check
    #[arg(value_name = "CONFIG")]
    file: PathBuf,
}

impl Check {
    pub(super) fn run(self) -> Result<(), Failure> {
        // The file alone: the environment of whoever checks it is not the server's.
        let loaded = config::load(Some(&self.file), std::iter::empty(), |_| {})?;
        let n = loaded.config.streams.len();
        let noun = if n == 1 { "stream" } else { "streams" };
        say(format_args!(
            "{}: good, with {n} {noun}",
            self.file.display()
        ));
        transcoder::report(&loaded.config)
    }
}
