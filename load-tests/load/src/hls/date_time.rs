//! `EXT-X-PROGRAM-DATE-TIME` (draft-pantos-hls-rfc8216bis section 4.4.4.6) as servers write it: in UTC.

use std::time::Duration;

/// The time since 1970 of a date and time of RFC 3339 that ends in `Z`. `None` for anything else.
pub fn since_epoch(text: &str) -> Option<Duration> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let mut date = date.split('-').map(|field| field.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let mut time = time.split(':').map(|field| field.parse::<i64>().ok());
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    let fraction: f64 = format!("0.{fraction}").parse().ok()?;
    let is_date = (1..=12).contains(&month) && (1..=31).contains(&day) && year < 10_000;
    let is_time =
        (0..24).contains(&hour) && (0..60).contains(&minute) && (0..=60).contains(&second);
    if !is_date || !is_time {
        return None;
    }
    let seconds = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    let seconds = Duration::from_secs(u64::try_from(seconds).ok()?);
    Some(seconds + Duration::try_from_secs_f64(fraction).ok()?)
}

/// Days since 1970-01-01 in the Gregorian calendar, whose years begin in March here: leap days come last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let since_march = (month + 9) % 12;
    let of_year = (153 * since_march + 2) / 5 + day - 1;
    let leap_days = year / 4 - year / 100 + year / 400;
    year * 365 + leap_days + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        let ms = |text| since_epoch(text).map(|at| at.as_millis());
        assert_eq!(ms("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(ms("2000-02-29T12:00:00.5Z"), Some(951_825_600_500));
        assert_eq!(ms("2026-03-01T12:00:00.033Z"), Some(1_772_366_400_033));
        assert_eq!(ms("2100-12-31T23:59:59.999Z"), Some(4_133_980_799_999));
    }

    #[test]
    fn what_is_no_date_in_utc_is_none() {
        for text in [
            "",
            "Z",
            "2026-03-01T12:00:00",
            "2026-03-01T12:00:00+01:00",
            "2026-13-01T12:00:00Z",
            "1969-12-31T23:59:59Z",
            "2026-03-01T25:00:00Z",
            "2026-03-01T12:00:00.xZ",
            "99999999999999-03-01T12:00:00Z",
        ] {
            assert_eq!(since_epoch(text), None, "{text}");
        }
    }
}
