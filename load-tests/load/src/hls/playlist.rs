//! A live media playlist: what a player needs to go on. The checker forgives nothing; this takes what it understands.

use std::time::Duration;

use super::date_time;
use super::multivariant::quoted;

/// A place in a rendition: the number of a segment, and which part of it.
pub type Place = (u64, u64);

/// A part that is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Which.
    pub place: Place,
    /// Relative to the playlist.
    pub uri: String,
    /// How long it is.
    pub duration: Duration,
    /// Nothing is there to be fetched.
    pub is_gap: bool,
    /// The wall time of its end, since 1970.
    pub ends_at: Option<Duration>,
}

/// What a playlist lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Playlist {
    /// Oldest first.
    pub parts: Vec<Part>,
    /// Where the next part will be.
    pub next: Place,
    /// How far from the end to begin (`PART-HOLD-BACK`).
    pub hold_back: Duration,
    /// The longest part (`PART-TARGET`).
    pub part_target: Duration,
    /// Nothing more will come.
    pub is_ended: bool,
}

impl Playlist {
    /// Reads the text; `None` when it is no media playlist with parts.
    pub fn parse(text: &str) -> Option<Self> {
        let mut playlist = Self::default();
        let (mut segment, mut n_parts, mut wall) = (0, 0, None);
        for line in text.strip_prefix("#EXTM3U")?.lines() {
            let Some((tag, value)) = line.split_once(':') else {
                playlist.is_ended |= line == "#EXT-X-ENDLIST";
                if !line.starts_with('#') && !line.is_empty() {
                    (segment, n_parts) = (segment + 1, 0);
                }
                continue;
            };
            match tag {
                "#EXT-X-MEDIA-SEQUENCE" => segment = value.parse().ok()?,
                "#EXT-X-SKIP" => segment += number(value, "SKIPPED-SEGMENTS=")? as u64,
                "#EXT-X-PART-INF" => playlist.part_target = seconds(value, "PART-TARGET=")?,
                "#EXT-X-SERVER-CONTROL" => {
                    playlist.hold_back = seconds(value, "PART-HOLD-BACK=")?;
                }
                "#EXT-X-PROGRAM-DATE-TIME" => wall = date_time::since_epoch(value),
                "#EXT-X-PART" => {
                    let duration = seconds(value, "DURATION=")?;
                    wall = wall.map(|at| at + duration);
                    playlist.parts.push(Part {
                        place: (segment, n_parts),
                        uri: quoted(value, "URI=\"")?.to_owned(),
                        duration,
                        is_gap: value.contains("GAP=YES"),
                        ends_at: wall,
                    });
                    n_parts += 1;
                }
                _ if !tag.starts_with('#') => (segment, n_parts) = (segment + 1, 0),
                _ => {}
            }
        }
        playlist.next = (segment, n_parts);
        (!playlist.part_target.is_zero()).then_some(playlist)
    }

    /// Where a player begins: the fewest parts at the end that fill the hold-back, or all.
    pub fn beginning(&self) -> Place {
        let mut left = self.hold_back;
        let begin = self.parts.iter().rev().find(|part| {
            left = left.saturating_sub(part.duration);
            left.is_zero()
        });
        let first = begin.or(self.parts.first());
        first.map_or(self.next, |part| part.place)
    }

    /// The parts from there on.
    pub fn parts_from(&self, place: Place) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(move |part| part.place >= place)
    }
}

fn number(attributes: &str, name: &str) -> Option<f64> {
    let mut all = attributes.split(',').filter_map(|a| a.strip_prefix(name));
    all.next()?.parse().ok()
}

fn seconds(attributes: &str, name: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(number(attributes, name)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n\
        #EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.5,CAN-SKIP-UNTIL=12\n\
        #EXT-X-PART-INF:PART-TARGET=0.5\n#EXT-X-MEDIA-SEQUENCE:10\n#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n\
        #EXTINF:1.0,\ne/13.m4s\n#EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:00:10.000Z\n\
        #EXT-X-PART:DURATION=0.5,URI=\"e/14.0.m4s\",INDEPENDENT=YES\n\
        #EXT-X-PART:DURATION=0.5,URI=\"e/14.1.m4s\"\n#EXTINF:1.0,\ne/14.m4s\n\
        #EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:00:11.000Z\n\
        #EXT-X-PART:DURATION=0.49,URI=\"e/15.0.m4s\",GAP=YES\n\
        #EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"e/15.1.m4s\"\n";

    #[test]
    fn parts_have_their_places_and_times_also_behind_what_was_skipped() {
        let playlist = Playlist::parse(TEXT).unwrap();
        let places: Vec<Place> = playlist.parts.iter().map(|part| part.place).collect();
        assert_eq!(places, [(14, 0), (14, 1), (15, 0)]);
        assert_eq!(playlist.next, (15, 1));
        let ends: Vec<u128> = playlist
            .parts
            .iter()
            .map(|part| part.ends_at.unwrap().as_millis())
            .collect();
        assert_eq!(ends, [10_500, 11_000, 11_490]);
        assert!(playlist.parts[2].is_gap && !playlist.parts[1].is_gap);
        assert_eq!(playlist.parts[1].uri, "e/14.1.m4s");
    }

    #[test]
    fn a_player_begins_at_its_hold_back_or_with_all_there_is() {
        let mut playlist = Playlist::parse(TEXT).unwrap();
        assert_eq!(playlist.beginning(), (14, 0));
        playlist.hold_back = Duration::from_millis(990);
        assert_eq!(playlist.beginning(), (14, 1));
        playlist.hold_back = Duration::from_secs(9);
        assert_eq!(playlist.beginning(), (14, 0));
        assert_eq!(playlist.parts_from((14, 1)).count(), 2);
    }

    #[test]
    fn after_a_whole_segment_the_next_part_is_the_first_of_another() {
        let (text, _) = TEXT
            .split_once("#EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:00:11")
            .unwrap();
        assert_eq!(Playlist::parse(text).unwrap().next, (15, 0));
        assert!(!Playlist::parse(text).unwrap().is_ended);
        let ended = format!("{text}#EXT-X-ENDLIST\n");
        assert!(Playlist::parse(&ended).unwrap().is_ended);
    }

    #[test]
    fn what_is_no_playlist_with_parts_is_none() {
        for text in ["", "404", "#EXTM3U\n", "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:x\n"] {
            assert_eq!(Playlist::parse(text), None, "{text}");
        }
    }
}
