//! Seconds as playlists write them (draft-pantos-hls-rfc8216bis section 4.2, `decimal-floating-point`), exactly: half a second and
//! one millisecond is more than half a second, which floating-point numbers blur.

use std::time::Duration;

/// Digits of a fraction that are read: nanoseconds. More is legal, and finer than any media clock.
const FRACTION_DIGITS: usize = 9;

/// Reads seconds. `None`: it is no decimal number without a sign.
pub fn seconds(text: &str) -> Option<Duration> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let has_point = text.contains('.');
    if whole.is_empty()
        || !is_digits(whole)
        || !is_digits(fraction)
        || has_point == fraction.is_empty()
    {
        return None;
    }
    let mut nanos = 0_u32;
    for digit in fraction
        .bytes()
        .chain(std::iter::repeat(b'0'))
        .take(FRACTION_DIGITS)
    {
        nanos = nanos * 10 + u32::from(digit.saturating_sub(b'0'));
    }
    Some(Duration::new(whole.parse().ok()?, nanos))
}

/// Reads a `decimal-integer`.
pub fn integer(text: &str) -> Option<u64> {
    let is_digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    is_digits.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn seconds_are_exact() {
        let table = [
            ("0.501", Some(Duration::from_millis(501))),
            ("2", Some(Duration::from_secs(2))),
            ("1.5", Some(Duration::from_millis(1_500))),
            ("0.0000000019", Some(Duration::from_nanos(1))),
            ("", None),
            (".5", None),
            ("5.", None),
            ("-1", None),
            ("+1", None),
            ("1e3", None),
            ("1.2.3", None),
            ("99999999999999999999", None),
        ];
        for (text, expected) in table {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(millis in 0..u64::from(u32::MAX)) {
            let text = format!("{}.{:03}", millis / 1_000, millis % 1_000);
            prop_assert_eq!(seconds(&text), Some(Duration::from_millis(millis)));
        }

        #[test]
        fn no_text_is_a_panic(text in ".{0,30}") {
            let _ = (seconds(&text), integer(&text));
        }
    }
}
