//! Media attributes that the engine is told of, if they are well formed; it needs none of them to answer, so one that is
//! not is left out. The engine's reader would take the next line for the missing part of a bad one.

use crate::sdp::Lines;

/// Whether an attribute describes media in a way that the engine reads. Everything else either belongs to the transport,
/// which is written once, or means nothing here.
pub(super) fn is_told(name: &str, value: &str) -> bool {
    match name {
        "rtcp-mux" | "rtcp-rsize" => value.is_empty(),
        "extmap" => is_extension(value),
        "ssrc" => ssrc_of(value).is_some(),
        "ssrc-group" => is_ssrc_group(value),
        // `crate::offer::rules` has checked them.
        "rid" => true,
        "simulcast" => is_simulcast(value),
        _ => false,
    }
}

/// How many synchronization sources a section announces.
pub(super) fn n_ssrcs(lines: &Lines<'_>) -> usize {
    let mut ssrcs: Vec<u32> = lines.values("ssrc").filter_map(ssrc_of).collect();
    ssrcs.sort_unstable();
    ssrcs.dedup();
    ssrcs.len()
}

/// `1234 cname:x` or `1234 msid:stream track` (RFC 5576 section 6.1); older labels say the same again.
fn ssrc_of(value: &str) -> Option<u32> {
    let (number, attribute) = value.split_once(' ')?;
    let (name, text) = attribute.split_once(':')?;
    let is_known = matches!(name, "cname" | "msid") && !text.trim().is_empty();
    number.parse().ok().filter(|_| is_known)
}

/// `FID 1 2` (RFC 5576 section 6.2).
fn is_ssrc_group(value: &str) -> bool {
    let mut parts = value.split(' ');
    let has_semantics = parts.next().is_some_and(|semantics| !semantics.is_empty());
    let numbers: Vec<bool> = parts.map(|part| part.parse::<u32>().is_ok()).collect();
    has_semantics && (2..=4).contains(&numbers.len()) && numbers.iter().all(|is_number| *is_number)
}

/// `3 urn:x` or `3/sendonly urn:x` (RFC 8285 section 8).
fn is_extension(value: &str) -> bool {
    let Some((id, uri)) = value.split_once(' ') else {
        return false;
    };
    let number = id.split('/').next().unwrap_or_default();
    let is_id = number.parse::<u8>().is_ok_and(|id| id > 0);
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
