//! Offers of viewers that negotiate less than browsers do, in one section and not in the other.

/// What a section may leave out, one line or more of each.
const LEFT_OUT: [&str; 8] = [
    "transport-wide-cc-extensions-01",
    "transport-cc",
    "abs-send-time",
    " nack",
    " goog-remb",
    " rtx/90000",
    "sdes:mid",
    "a=recvonly",
];

/// The offer as one in two viewers makes it, by a byte; the others leave something out.
pub(crate) fn by(how: u8, offer: &str) -> String {
    let sections: &[&str] = match how % 4 {
        0 => &["m=audio"],
        1 => &["m=video"],
        2 => &["m=audio", "m=video"],
        _ => &[],
    };
    match LEFT_OUT.get(usize::from(how / 4) % 16) {
        Some(word) => without(offer, sections, word),
        None => offer.to_owned(),
    }
}

fn without(offer: &str, sections: &[&str], word: &str) -> String {
    let mut section = "";
    let kept = offer.split_inclusive("\r\n").filter(|line| {
        if line.starts_with("m=") {
            section = line.get(..7).unwrap_or(line);
        }
        !(sections.contains(&section) && line.contains(word))
    });
    kept.collect()
}
