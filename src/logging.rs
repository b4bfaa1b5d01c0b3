//! Log lines: to the standard error, for people or as JSON.

use serde::Deserialize;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::Directive;

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    #[default]
    Human,
    Json,
}

/// The level of that name.
pub(crate) fn parse_level(name: &str) -> Option<LevelFilter> {
    ["error", "warn", "info", "debug", "trace"]
        .contains(&name)
        .then(|| name.parse().ok())
        .flatten()
}

/// Libraries whose own lines are for their authors. The HTTP and TLS stacks log addresses, headers and so bearers at
/// debug and trace: they stay at warnings whatever level is asked for.
const QUIET: [&str; 10] = [
    "h2",
    "hyper",
    "hyper_util",
    "instant_acme",
    "is",
    "mio",
    "reqwest",
    "rustls",
    "str0m",
    "tokio_rustls",
];

fn filter(level: LevelFilter) -> EnvFilter {
    let quiet = QUIET.iter().filter_map(|name| {
        format!("{name}={}", level.min(LevelFilter::WARN))
            .parse()
            .ok()
    });
    quiet.fold(
        EnvFilter::builder()
            .with_default_directive(level.into())
            .parse_lossy(""),
        |filter, directive: Directive| filter.add_directive(directive),
    )
}

/// Sends every line of this process where the configuration says. To be called once.
pub(crate) fn start(level: &str, format: LogFormat) {
    let level = parse_level(level).unwrap_or(LevelFilter::INFO);
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter(level))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()));
    match format {
        LogFormat::Human => lines.init(),
        LogFormat::Json => lines.json().flatten_event(true).with_ansi(false).init(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_have_five_names() {
        assert_eq!(parse_level("info"), Some(LevelFilter::INFO));
        assert_eq!(parse_level("INFO"), None);
        assert_eq!(parse_level("3"), None);
        assert_eq!(parse_level("off"), None);
    }

    #[test]
    fn libraries_stay_quiet_at_every_level() {
        let text = filter(LevelFilter::TRACE).to_string();
        for name in QUIET {
            assert!(text.contains(&format!("{name}=warn")), "{name} in {text}");
        }
        assert!(
            filter(LevelFilter::ERROR)
                .to_string()
                .contains("hyper=error")
        );
    }
}
