//! In which encodings a publisher sends its picture.

/// Most encodings of a picture.
pub const ENCODINGS_MAX: usize = 3;

/// How many there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encodings {
    /// One. A server has nothing to choose from, and needs no feedback of arrivals.
    #[default]
    One,
    /// Three sizes, as Chromium's simulcast has them (draft-ietf-mmusic-sdp-simulcast): what a player gets of them depends on
    /// what its path carries, which the server has to find out.
    Simulcast,
}

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoding {
    /// Its name in the offer (RFC 8851); `None` where there is only one.
    pub rid: Option<&'static str>,
    /// The largest one's bitrate over this one's.
    pub bitrate_divisor: u32,
    /// Its sequence parameter set (ITU-T H.264 section 7.3.2.1): Constrained Baseline, of its size.
    pub sps: &'static [u8],
}

/// 320x180, 640x360, and 1280x720 at levels 1.3, 3 and 3.1.
const SMALL_SPS: [u8; 10] = [0x67, 0x42, 0xc0, 0x0d, 0x96, 0x54, 0x0a, 0x0c, 0xfc, 0xe8];
const MIDDLE_SPS: [u8; 11] = [
    0x67, 0x42, 0xc0, 0x1e, 0x96, 0x54, 0x05, 0x01, 0x7f, 0xca, 0x80,
];
const LARGE_SPS: [u8; 11] = [
    0x67, 0x42, 0xc0, 0x1f, 0x8c, 0x8d, 0x40, 0x28, 0x02, 0xdd, 0x08,
];

const LARGE_ALONE: Encoding = Encoding {
    rid: None,
    bitrate_divisor: 1,
    sps: &LARGE_SPS,
};

/// Half the sides are a quarter of the pixels, and a little more than a quarter of the bits where there are few; the names are
/// those that Freshet's page gives.
const THREE: [Encoding; ENCODINGS_MAX] = [
    Encoding {
        rid: Some("q"),
        bitrate_divisor: 10,
        sps: &SMALL_SPS,
    },
    Encoding {
        rid: Some("h"),
        bitrate_divisor: 4,
        sps: &MIDDLE_SPS,
    },
    Encoding {
        rid: Some("f"),
        ..LARGE_ALONE
    },
];

impl Encodings {
    /// All of them, smallest first.
    pub const fn all(self) -> &'static [Encoding] {
        match self {
            Self::One => &[LARGE_ALONE],
            Self::Simulcast => &THREE,
        }
    }

    /// The place of the one with this rid.
    pub fn place_of(self, rid: Option<&str>) -> Option<usize> {
        self.all().iter().position(|encoding| encoding.rid == rid)
    }

    /// The place of the largest.
    pub const fn best(self) -> usize {
        self.all().len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoding_is_found_by_its_rid_and_the_last_is_the_best() {
        assert_eq!(Encodings::One.place_of(None), Some(0));
        assert_eq!(Encodings::One.best(), 0);
        let three = Encodings::Simulcast;
        assert_eq!(three.place_of(Some("h")), Some(1));
        assert_eq!(
            (three.place_of(None), three.place_of(Some("x"))),
            (None, None)
        );
        assert_eq!(three.best(), 2);
    }
}
