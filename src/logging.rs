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

/// Our own crates, the only ones whose lines follow the level that is asked for. The HTTP and TLS stacks log headers
/// and so bearers at debug and trace; a library that is not named here says no more than its warnings.
const OURS: [&str; 13] = [
    "bridge_frames",
    "bridge_origin",
    "bridge_packager",
    "bridge_server",
    "bridge_transcode",
    "freshet",
    "sfu_core",
    "sfu_model",
    "sfu_net",
    "sfu_server",
    "signaling_auth",
    "whip_whep_core",
    "whip_whep_server",
];

/// Libraries whose warnings are about single datagrams and offers: the RTC engine quotes what a client sent, its ICE
/// agent logs passwords and candidates, and the UDP sockets log where a datagram did not go. What an operator should
/// know of it is counted in `/metrics`.
const SILENT: [&str; 5] = ["dimpl", "is", "quinn_udp", "str0m", "str0m_proto"];

fn filter(level: LevelFilter) -> EnvFilter {
    let ours = OURS.map(|name| (name, level));
    let silent = SILENT.map(|name| (name, LevelFilter::ERROR));
    let named = ours.iter().chain(&silent);
    let directives = named.filter_map(|(name, level)| format!("{name}={level}").parse().ok());
    let others = level.min(LevelFilter::WARN);
    directives.fold(
        EnvFilter::builder()
            .with_default_directive(others.into())
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
    fn only_our_own_lines_follow_the_level() {
        let text = filter(LevelFilter::TRACE).to_string();
        let directives: Vec<&str> = text.split(',').collect();
        for name in OURS {
            assert!(directives.contains(&&*format!("{name}=trace")), "{text}");
        }
        for name in SILENT {
            assert!(directives.contains(&&*format!("{name}=error")), "{text}");
        }
        assert!(directives.contains(&"warn"), "everybody else's: {text}");
        let text = filter(LevelFilter::ERROR).to_string();
        assert!(!text.contains("warn") && !text.contains("info"), "{text}");
    }
}
