//! Media attributes that the engine is told of, if they are well formed; it needs none of them to answer, so one that is
//! not is left out. The engine's reader would take the next line for the missing part of a bad one.

use std::str::FromStr;

use crate::sdp::Lines;

/// Whether an attribute describes media in a way that the engine reads. Everything else either belongs to the transport,
/// which is written once, or means nothing here. `announced` are the section's synchronization sources.
pub(super) fn is_told(name: &str, value: &str, announced: &[u32]) -> bool {
    match name {
        "rtcp-mux" | "rtcp-rsize" => value.is_empty(),
        "extmap" => is_extension(value),
        "ssrc" => ssrc_of(value).is_some(),
        "ssrc-group" => is_ssrc_group(value, announced),
        // `crate::offer::rules` has checked them.
        "rid" => true,
        "simulcast" => is_simulcast(value),
        _ => false,
    }
}

/// What a told attribute is about. Of two about the same the engine is told the first: a second says nothing or
/// contradicts it, and the engine's work grows with them.
pub(super) fn subject<'a>(name: &str, value: &'a str) -> &'a str {
    match name {
        // An id is mapped once in a section (RFC 8285 section 5).
        "extmap" => value.split(['/', ' ']).next().unwrap_or_default(),
        // The source and the attribute of it.
        "ssrc" => value.split_once(':').map_or(value, |(about, _)| about),
        // The meaning and the source that the others belong to.
        "ssrc-group" => match value.match_indices(' ').nth(1) {
            Some((end, _)) => value.get(..end).unwrap_or(value),
            None => value,
        },
        // RFC 8853 section 5.1: at most one line; the others are flags.
        "simulcast" | "rtcp-mux" | "rtcp-rsize" => "",
        _ => value,
    }
}

/// The synchronization sources that a section announces, each once, in order.
pub(super) fn announced(lines: &Lines<'_>) -> Vec<u32> {
    let mut ssrcs: Vec<u32> = lines.values("ssrc").filter_map(ssrc_of).collect();
    ssrcs.sort_unstable();
    ssrcs.dedup();
    ssrcs
}

/// `1234 cname:x` or `1234 msid:stream track` (RFC 5576 section 6.1); older labels say the same again.
fn ssrc_of(value: &str) -> Option<u32> {
    let (number, attribute) = value.split_once(' ')?;
    let (name, text) = attribute.split_once(':')?;
    let is_known = matches!(name, "cname" | "msid") && !text.trim().is_empty();
    decimal(number).filter(|_| is_known)
}

/// A number as it is written in one way only: without sign and leading zeros.
fn decimal<T: FromStr>(text: &str) -> Option<T> {
    let is_plain = text.bytes().all(|b| b.is_ascii_digit());
    let is_short = text == "0" || !text.starts_with('0');
    text.parse().ok().filter(|_| is_plain && is_short)
}

/// `FID 1 2`, of sources that the section announces (RFC 5576 section 4.2), with a meaning that somebody uses.
fn is_ssrc_group(value: &str, announced: &[u32]) -> bool {
    let mut parts = value.split(' ');
    let is_known = matches!(parts.next(), Some("FID" | "SIM" | "FEC" | "FEC-FR"));
    let sources: Vec<Option<u32>> = parts.map(decimal).collect();
    let is_announced = |ssrc: &Option<u32>| ssrc.is_some_and(|n| announced.contains(&n));
    is_known && (2..=4).contains(&sources.len()) && sources.iter().all(is_announced)
}

/// `3 urn:x` or `3/sendonly urn:x` (RFC 8285 section 8).
fn is_extension(value: &str) -> bool {
    let Some((id, uri)) = value.split_once(' ') else {
        return false;
    };
    let number = id.split('/').next().unwrap_or_default();
    let is_id = decimal::<u8>(number).is_some_and(|id| id > 0);
    is_id && !uri.trim().is_empty()
}

/// `send h;l`, `recv h;l` or both (RFC 8853 section 5.1).
fn is_simulcast(value: &str) -> bool {
    let parts: Vec<&str> = value.split(' ').collect();
    let is_list = |list: &str| {
        let names = list.split([';', ',']);
        names
            .map(|name| name.trim_start_matches('~'))
            .all(|name| !name.is_empty())
    };
    match parts.as_slice() {
        ["send" | "recv", list] => is_list(list),
        ["send", first, "recv", second] | ["recv", first, "send", second] => {
            is_list(first) && is_list(second)
        }
        _ => false,
    }
}
