//! A multivariant playlist: what there is to choose from.

/// What a viewer takes of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Choice {
    /// The variant of the most bits
    Top,
    /// The variant of the fewest bits
    Lowest,
    /// Each viewer the next one, in turns
    Spread,
}

/// The variants, that of the most bits first, and where the sound is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Multivariant {
    /// URIs of pictures, or of everything where sound is not apart.
    pub variants: Vec<String>,
    /// The URI of the first sound.
    pub sound: Option<String>,
}

impl Multivariant {
    /// Reads the text. What it says twice (a variant for each sound) is there once.
    pub fn parse(text: &str) -> Self {
        let mut variants: Vec<(u64, &str)> = Vec::new();
        let mut sound = None;
        let mut bandwidth = None;
        for line in text.lines() {
            if let Some(attributes) = line.strip_prefix("#EXT-X-STREAM-INF:") {
                bandwidth = number(attributes, "BANDWIDTH=");
            } else if line.starts_with("#EXT-X-MEDIA:TYPE=AUDIO") {
                sound = sound.or(quoted(line, "URI=\""));
            } else if !line.starts_with('#') && !line.is_empty() {
                let is_new = variants.iter().all(|(_, uri)| *uri != line);
                if let Some(bandwidth) = bandwidth.take().filter(|_| is_new) {
                    variants.push((bandwidth, line));
                }
            }
        }
        variants.sort_by_key(|(bandwidth, _)| std::cmp::Reverse(*bandwidth));
        let uris: Vec<String> = variants.iter().map(|(_, uri)| (*uri).to_owned()).collect();
        Self {
            // Where there are no pictures the sound is a variant.
            sound: sound
                .map(str::to_owned)
                .filter(|sound| !uris.contains(sound)),
            variants: uris,
        }
    }

    /// The variant of a viewer of this number.
    pub fn chosen(&self, choice: Choice, viewer: usize) -> Option<&str> {
        let variant = match choice {
            Choice::Top => self.variants.first(),
            Choice::Lowest => self.variants.last(),
            Choice::Spread => self.variants.get(viewer.checked_rem(self.variants.len())?),
        };
        variant.map(String::as_str)
    }
}

/// An attribute's number. Names are looked for where one can begin.
fn number(attributes: &str, name: &str) -> Option<u64> {
    let mut all = attributes.split(',').filter_map(|a| a.strip_prefix(name));
    all.next()?.parse().ok()
}

/// An attribute's text.
pub(super) fn quoted<'l>(line: &'l str, begin: &str) -> Option<&'l str> {
    line.split_once(begin)?.1.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"opus\",NAME=\"x\",URI=\"opus/live.m3u8\"\n\
        #EXT-X-STREAM-INF:AVERAGE-BANDWIDTH=1,BANDWIDTH=500,AUDIO=\"opus\"\n360p/live.m3u8\n\
        #EXT-X-STREAM-INF:BANDWIDTH=900,AUDIO=\"opus\"\n720p/live.m3u8\n\
        #EXT-X-STREAM-INF:BANDWIDTH=910,AUDIO=\"aac\"\n720p/live.m3u8\n";

    #[test]
    fn each_variant_is_there_once_and_the_best_first() {
        let playlist = Multivariant::parse(TEXT);
        assert_eq!(playlist.variants, ["720p/live.m3u8", "360p/live.m3u8"]);
        assert_eq!(playlist.sound.as_deref(), Some("opus/live.m3u8"));
        let of = |choice, viewer| playlist.chosen(choice, viewer).unwrap();
        assert_eq!(of(Choice::Top, 5), "720p/live.m3u8");
        assert_eq!(of(Choice::Lowest, 5), "360p/live.m3u8");
        assert_eq!(of(Choice::Spread, 4), "720p/live.m3u8");
        assert_eq!(of(Choice::Spread, 5), "360p/live.m3u8");
    }

    #[test]
    fn sound_alone_is_a_variant_and_nothing_is_nothing() {
        let alone = "#EXT-X-MEDIA:TYPE=AUDIO,URI=\"a\"\n#EXT-X-STREAM-INF:BANDWIDTH=1\na\n";
        let playlist = Multivariant::parse(alone);
        assert_eq!((playlist.variants.len(), playlist.sound), (1, None));
        assert_eq!(Multivariant::parse("404").chosen(Choice::Spread, 1), None);
    }
}
