//! How long something is good, as people type it.

use std::time::Duration;

/// A number with `s`, `m` or `h`, or a number of seconds.
pub(super) fn parse_lifetime(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.find(|letter: char| !letter.is_ascii_digit()) {
        Some(at) => text.split_at(at),
        None => (text, "s"),
    };
    let scale = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        _ => return Err("write a number and s, m or h, such as 15m".to_owned()),
    };
    let number: u64 = number
        .parse()
        .map_err(|_| "write a number first, such as 15m".to_owned())?;
    Ok(Duration::from_secs(number.saturating_mul(scale)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_has_a_unit() {
        for (text, secs) in [("90s", 90), ("15m", 900), ("1h", 3_600), ("60", 60)] {
            assert_eq!(
                parse_lifetime(text),
                Ok(Duration::from_secs(secs)),
                "{text}"
            );
        }
        for bad in ["", "h", "1d", "1.5h", "-1h", "1 h"] {
            assert!(parse_lifetime(bad).is_err(), "{bad}");
        }
    }
}
