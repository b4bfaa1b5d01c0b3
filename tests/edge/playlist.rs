//! What a viewer needs of a playlist.

/// The renditions that a multivariant playlist names, as paths relative to it.
pub(crate) fn renditions(multivariant: &str) -> Vec<String> {
    let mut found: Vec<String> = multivariant
        .lines()
        .filter_map(|line| match line.starts_with('#') {
            false => Some(line),
            true => {
                let (_, rest) = line.strip_prefix("#EXT-X-MEDIA:")?.split_once("URI=\"")?;
                rest.split('"').next()
            }
        })
        .filter(|uri| !uri.is_empty())
        .map(str::to_owned)
        .collect();
    found.sort();
    found.dedup();
    found
}

/// What follows on a playlist: number of the segment, and of the part in it.
pub(crate) fn next(playlist: &str) -> (u64, usize) {
    let sequence = tag(playlist, "#EXT-X-MEDIA-SEQUENCE:");
    let first: u64 = sequence.parse().unwrap();
    let n_segments = playlist
        .lines()
        .filter(|line| line.starts_with("#EXTINF:"))
        .count();
    let open = playlist.rsplit("#EXTINF:").next().unwrap();
    let n_parts = open
        .lines()
        .filter(|line| line.starts_with("#EXT-X-PART:"))
        .count();
    (first + u64::try_from(n_segments).unwrap(), n_parts)
}

/// The newest part that is listed, relative to the playlist; `None`: it is a gap.
pub(crate) fn newest_part(playlist: &str) -> Option<&str> {
    let mut parts = playlist
        .lines()
        .filter_map(|line| line.strip_prefix("#EXT-X-PART:"));
    let newest = parts
        .next_back()
        .unwrap_or_else(|| panic!("no part in {playlist}"));
    let (_, uri) = newest.split_once("URI=\"").unwrap();
    (!newest.contains("GAP=YES")).then(|| uri.split('"').next().unwrap())
}

fn tag<'a>(playlist: &'a str, name: &str) -> &'a str {
    let mut lines = playlist.lines();
    let found = lines.find_map(|line| line.strip_prefix(name));
    found.unwrap_or_else(|| panic!("no {name} in {playlist}"))
}

#[test]
fn a_playlist_says_what_follows_on_it() {
    let begins =
        "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:7\n#EXT-X-PART:DURATION=0.5,URI=\"a\"\n#EXTINF:0.5,\ns\n";
    assert_eq!(next(begins), (8, 0));
    let goes_on = format!("{begins}#EXT-X-PART:DURATION=0.5,URI=\"b\"\n");
    assert_eq!(next(&goes_on), (8, 1));
    assert_eq!(newest_part(&goes_on), Some("b"));
    let gap = format!("{goes_on}#EXT-X-PART:DURATION=0.5,URI=\"c\",GAP=YES\n");
    assert_eq!((next(&gap), newest_part(&gap)), ((8, 2), None));
}
