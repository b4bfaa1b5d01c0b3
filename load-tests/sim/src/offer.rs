//! Offers of players that negotiate less than browsers do.

/// What an offer calls the numbers of transport-wide feedback, and the feedback about them.
pub const TRANSPORT_WIDE: [&str; 2] = ["transport-wide-cc-extensions-01", "transport-cc"];

/// The offer without the lines of these sections (`audio`, `video`) that have one of these words.
pub fn without(offer: &str, sections: &[&str], words: &[&str]) -> String {
    let mut section = "";
    let kept = offer.split_inclusive("\r\n").filter(|line| {
        if let Some(rest) = line.strip_prefix("m=") {
            section = rest.split(' ').next().unwrap_or_default();
        }
        let is_meant = sections.contains(&section);
        !(is_meant && words.iter().any(|word| line.contains(word)))
    });
    kept.collect()
}

/// Of a player that estimates its path itself, and says so (draft-alvestrand-rmcat-remb-03).
pub fn with_own_estimate(offer: &str) -> String {
    without(offer, &["audio", "video"], &TRANSPORT_WIDE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_left_out_where_they_are_meant() {
        let offer = "v=0\r\nm=audio 9 X\r\na=one\r\nm=video 9 X\r\na=one\r\na=two\r\n";
        let left = without(offer, &["video"], &["one"]);
        assert_eq!(
            left,
            "v=0\r\nm=audio 9 X\r\na=one\r\nm=video 9 X\r\na=two\r\n"
        );
    }
}
