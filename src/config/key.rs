//! Every key of the configuration, once: what the environment may override, and what a misspelt key is compared with.

/// The type of a key's value, which decides how the text of an environment variable is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Number,
    Switch,
    /// In the environment: values with commas between them.
    List,
}

/// `section.key`.
pub(crate) struct Key {
    pub(crate) section: &'static str,
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
}

const fn key(section: &'static str, name: &'static str, kind: Kind) -> Key {
    Key {
        section,
        name,
        kind,
    }
}

/// In the order of `freshet.example.toml`.
pub(crate) const KEYS: &[Key] = &[
    key("node", "data", Kind::Text),
    key("node", "roles", Kind::List),
    key("node", "drain_secs", Kind::Number),
    key("http", "listen", Kind::Text),
    key("http", "trusted_proxies", Kind::List),
    key("http", "allowed_origins", Kind::List),
    key("https", "enabled", Kind::Switch),
    key("https", "listen", Kind::Text),
    key("https", "certificate", Kind::Text),
    key("https", "private_key", Kind::Text),
    key("https", "names", Kind::List),
    key("acme", "domains", Kind::List),
    key("acme", "email", Kind::Text),
    key("acme", "accept_terms", Kind::Switch),
    key("acme", "directory", Kind::Text),
    key("acme", "root", Kind::Text),
    key("sfu", "listen", Kind::Text),
    key("sfu", "advertise", Kind::List),
    key("sfu", "workers", Kind::Number),
    key("hls", "latency", Kind::Text),
    key("hls", "dvr_secs", Kind::Number),
    key("hls", "url_key", Kind::Text),
    key("hls", "url_key_old", Kind::Text),
    key("hls", "country_header", Kind::Text),
    key("transcode", "enabled", Kind::Switch),
    key("transcode", "megapixels_per_second", Kind::Number),
    key("transcode", "streams_per_worker", Kind::Number),
    key("auth", "token_secret", Kind::Text),
    key("auth", "token_public_keys", Kind::List),
    key("auth", "token_private_key", Kind::Text),
    key("limits", "connections", Kind::Number),
    key("limits", "connections_per_address", Kind::Number),
    key("limits", "sessions", Kind::Number),
    key("limits", "players_per_stream", Kind::Number),
    key("limits", "publish_sessions_per_holder", Kind::Number),
    key("limits", "stream_starts_per_minute", Kind::Number),
    key("limits", "failed_auths_per_minute", Kind::Number),
    key("limits", "joins_per_second_and_client", Kind::Number),
    key("metrics", "allow", Kind::List),
    key("compat", "lenient_patch", Kind::Switch),
    key("log", "level", Kind::Text),
    key("log", "format", Kind::Text),
];

/// A section that may be there many times. It has no environment variables.
pub(crate) struct List {
    pub(crate) section: &'static str,
    pub(crate) names: &'static [&'static str],
}

/// `[[ice_servers]]`
pub(crate) const ICE_SERVERS: &str = "ice_servers";

/// `[[rungs]]`
pub(crate) const RUNGS: &str = "rungs";

/// `[[streams]]`
pub(crate) const STREAMS: &str = "streams";

/// Every such section.
pub(crate) const LISTS: &[List] = &[
    List {
        section: ICE_SERVERS,
        names: &["uri", "username", "password"],
    },
    List {
        section: RUNGS,
        names: &["lines", "kbit_per_second"],
    },
    List {
        section: STREAMS,
        names: &["name", "key", "public", "latency", "players"],
    },
];

/// Every section, once.
pub(crate) fn sections() -> Vec<&'static str> {
    let mut sections: Vec<&'static str> = KEYS.iter().map(|key| key.section).collect();
    sections.extend(LISTS.iter().map(|list| list.section));
    sections.dedup();
    sections
}

/// What was probably meant: the name with the fewest edits, if they are fewer than half of its letters.
pub(crate) fn nearest<'a>(
    given: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let (distance, name) = known
        .into_iter()
        .map(|name| (edits(given, name), name))
        .min_by_key(|&(edits, _)| edits)?;
    (distance * 2 <= name.len()).then_some(name)
}

/// Levenshtein's distance: how many letters to insert, remove or replace.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for ((to, &above_left), &above) in b.iter().zip(&row).zip(row.iter().skip(1)) {
            let left = next.last().copied().unwrap_or(0);
            let replaced = above_left + usize::from(from != *to);
            next.push(replaced.min(left + 1).min(above + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted() {
        for (a, b, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("listen", "listen", 0),
            ("lisen", "listen", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(edits(a, b), expected, "{a} {b}");
            assert_eq!(edits(b, a), expected, "{b} {a}");
        }
    }

    #[test]
    fn the_nearest_name_is_offered_only_when_it_is_near() {
        let names = ["listen", "trusted_proxies"];
        assert_eq!(nearest("listn", names), Some("listen"));
        assert_eq!(nearest("trustedproxies", names), Some("trusted_proxies"));
        assert_eq!(nearest("zebra", names), None);
    }
}
