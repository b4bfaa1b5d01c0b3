//! What an operator may set: one TOML file, every key of which an environment variable overrides.
//!
//! [`load`] reads [`mod@file`], lays [`mod@env`] over it, and has [`validate`] look at the whole. What it finds wrong is a
//! list of [`problem::Problem`]s, each with its place and what to do.

pub(crate) mod endpoint;
mod env;
pub(crate) mod families;
mod file;
pub(crate) mod hls;
mod key;
mod log;
pub(crate) mod networks;
pub(crate) mod problem;
pub(crate) mod proxies;
pub(crate) mod settings;
pub(crate) mod transcode;
mod validate;

use std::path::{Path, PathBuf};

use self::problem::Problems;
use self::settings::Config;

/// The name of the file that is read when none is named.
pub(crate) const DEFAULT_FILE: &str = "freshet.toml";

/// A configuration and where it is from.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) config: Config,
    /// `None` when there is no file.
    pub(crate) file: Option<PathBuf>,
}

/// Reads the named file, or `./freshet.toml` where it exists, and the environment, lets the command line change what they
/// say, and checks the whole.
pub(crate) fn load(
    named: Option<&Path>,
    environment: impl Iterator<Item = (String, String)>,
    override_by_command_line: impl FnOnce(&mut Config),
) -> Result<Loaded, Problems> {
    let implied = Path::new(DEFAULT_FILE);
    let file = named.or_else(|| implied.exists().then_some(implied));
    let text = match file {
        Some(path) => file::read(path)?,
        None => String::new(),
    };
    let config = read(file, &text, environment, override_by_command_line)?;
    Ok(Loaded {
        config,
        file: file.map(Path::to_owned),
    })
}

/// The configuration of a file's text and an environment, where nothing is wrong with either.
fn read(
    file: Option<&Path>,
    text: &str,
    environment: impl Iterator<Item = (String, String)>,
    override_by_command_line: impl FnOnce(&mut Config),
) -> Result<Config, Problems> {
    let source = file::Source::parse(file, text)?;
    let overrides = env::overrides(environment).map_err(|found| source.unknown.and(found))?;
    let mut config =
        env::lay_over(&source, &overrides).map_err(|found| source.unknown.and(found))?;
    override_by_command_line(&mut config);
    let problems = source
        .unknown
        .and(validate::check(&config, &source, &overrides));
    if problems.is_empty() {
        Ok(config)
    } else {
        Err(problems)
    }
}

#[cfg(test)]
mod chance;
#[cfg(test)]
mod tests;
