//! How a body is encoded (RFC 9110 section 8.4).

/// How a body is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Encoding {
    /// As it is.
    Identity,
    /// `gzip`.
    Gzip,
}

impl Encoding {
    /// The best that an `Accept-Encoding` field lets us send.
    pub fn best(accept_encoding: Option<&str>) -> Self {
        if accept_encoding.is_some_and(accepts_gzip) {
            Self::Gzip
        } else {
            Self::Identity
        }
    }
}

/// Whether gzip is among the codings, and not refused by a weight of zero (RFC 9110 section 12.5.3).
fn accepts_gzip(accept_encoding: &str) -> bool {
    let weight_of = |name: &str| {
        let mut codings = accept_encoding.split(',').map(|item| item.split(';'));
        codings.find_map(|mut item| {
            let is_it = item.next()?.trim().eq_ignore_ascii_case(name);
            is_it.then(|| item.all(|parameter| !is_zero_weight(parameter)))
        })
    };
    weight_of("gzip")
        .or_else(|| weight_of("*"))
        .unwrap_or(false)
}

fn is_zero_weight(parameter: &str) -> bool {
    let value = parameter.trim().strip_prefix(['q', 'Q']);
    let value = value.and_then(|rest| rest.trim_start().strip_prefix('='));
    value.is_some_and(|value| {
        let value = value.trim();
        value.starts_with('0') && value.bytes().all(|b| matches!(b, b'0' | b'.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_accepted_by_name_or_star_unless_its_weight_is_zero() {
        for yes in ["gzip", "br, gzip;q=0.5", "GZIP", "*", "br;q=1.0, *;q=0.1"] {
            assert!(accepts_gzip(yes), "{yes}");
        }
        for no in [
            "",
            "br",
            "gzip;q=0",
            "gzip; q=0.000, *",
            "*;q=0",
            "xgzip",
            ";;,,",
        ] {
            assert!(!accepts_gzip(no), "{no}");
        }
    }
}
