//! `EXT-X-PROGRAM-DATE-TIME`: a moment as ISO 8601 writes it, with a zone (draft-pantos-hls-rfc8216bis section 4.4.4.6).

/// Milliseconds since 1970, before or after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DateTime(pub i64);

impl DateTime {
    /// Reads `YYYY-MM-DDThh:mm:ss[.fraction](Z|±hh[:]mm)`.
    pub fn parse(text: &str) -> Option<Self> {
        let (date, time) = text.split_once('T')?;
        let mut date = date.split('-').map(number);
        let (year, month, day) = (date.next()??, date.next()??, date.next()??);
        let (clock, zone_minutes) = zone(time)?;
        let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
        let mut clock = clock.split(':').map(number);
        let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
        let is_date = date.next().is_none() && (1..=12).contains(&month) && (1..=31).contains(&day);
        let is_time = clock.next().is_none() && hour < 24 && minute < 60 && second < 61;
        if !is_date || !is_time || year > 9_999 || number(fraction).is_none() {
            return None;
        }
        let millis: i64 = fraction
            .bytes()
            .chain(*b"00")
            .take(3)
            .fold(0, |sum, digit| {
                sum * 10 + i64::from(digit.saturating_sub(b'0'))
            });
        let minutes = (days(year, month, day) * 24 + hour) * 60 + minute - zone_minutes;
        Some(Self((minutes * 60 + second) * 1_000 + millis))
    }
}

/// The time without its zone, and how many minutes the zone is ahead.
fn zone(time: &str) -> Option<(&str, i64)> {
    if let Some(clock) = time.strip_suffix('Z') {
        return Some((clock, 0));
    }
    let at = time.rfind(['+', '-'])?;
    let (clock, zone) = time.split_at_checked(at)?;
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let digits: String = zone.chars().filter(char::is_ascii_digit).collect();
    let (hours, minutes) = match digits.len() {
        2 => (number(&digits)?, 0),
        4 => (number(digits.get(..2)?)?, number(digits.get(2..)?)?),
        _ => return None,
    };
    Some((clock, sign * (hours * 60 + minutes)))
}

fn number(text: &str) -> Option<i64> {
    let is_digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    is_digits.then(|| text.parse().ok())?
}

/// Days from 1970-01-01 in the Gregorian calendar, counted in eras of 400 years that begin in March.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn moments_are_those_of_the_calendar() {
        let table = [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2026-03-01T12:00:00.250Z", Some(1_772_366_400_250)),
            ("2024-02-29T23:59:59.9Z", Some(1_709_251_199_900)),
            ("2026-03-01T14:00:00+02:00", Some(1_772_366_400_000)),
            ("2026-03-01T06:30:00.000-0530", Some(1_772_366_400_000)),
            ("2026-03-01T12:00:00", None),
            ("2026-03-01 12:00:00Z", None),
            ("2026-13-01T12:00:00Z", None),
            ("2026-03-01T12:00:00.Z", None),
            ("99999999999999999999-03-01T12:00:00Z", None),
        ];
        for (text, expected) in table {
            assert_eq!(DateTime::parse(text), expected.map(DateTime), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_a_panic(text in "[0-9T:.Z+-]{0,40}") {
            let _ = DateTime::parse(&text);
        }
    }
}
