//! Which server a command is about.

use std::path::PathBuf;

use super::output::Failure;
use crate::config::settings::Config;
use crate::config::{self, Loaded};

/// What every command that touches a server's files needs to know.
#[derive(Debug, clap::Args)]
pub(super) struct Place {
    /// The configuration file; without it ./freshet.toml where it exists
    #[arg(long, value_name = "FILE", env = "FRESHET_CONFIG")]
    config: Option<PathBuf>,
    /// The data folder, in place of the configuration's
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

impl Place {
    pub(super) fn load(&self) -> Result<Loaded, Failure> {
        self.load_and_override(|_| {})
    }

    /// The same, with what the command line says beside the place.
    pub(super) fn load_and_override(
        &self,
        override_by_command_line: impl FnOnce(&mut Config),
    ) -> Result<Loaded, Failure> {
        // A variable that is not Unicode is none of ours.
        let environment = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        let loaded = config::load(self.config.as_deref(), environment, |config| {
            if let Some(data) = &self.data {
                config.node.data.clone_from(data);
            }
            override_by_command_line(config);
        })?;
        Ok(loaded)
    }
}
