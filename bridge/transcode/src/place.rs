//! Where pictures are worked on: a card, or the processor; and what GStreamer calls what belongs to it.

use sfu_model::packet::Dimensions;

/// Where pictures are decoded, scaled or encoded, and in whose memory they lie meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// A card of NVIDIA's: NVDEC, CUDA and NVENC.
    Nvidia,
    /// What VA-API has: most of Intel's and AMD's.
    Va,
    /// The processor, and the memory of the system.
    Processor,
}

impl Place {
    /// Each, what is tried first before what is tried after it.
    pub const ALL: [Self; 3] = [Self::Nvidia, Self::Va, Self::Processor];

    /// Whether it is no processor.
    pub const fn is_card(self) -> bool {
        !matches!(self, Self::Processor)
    }

    /// The label of its metric, and its name in what people read.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Nvidia => "nvidia",
            Self::Va => "va",
            Self::Processor => "processor",
        }
    }

    /// The feature of caps that says that pictures lie in its memory. `None`: they lie where all else does.
    pub const fn memory(self) -> Option<&'static str> {
        match self {
            Self::Nvidia => Some("memory:CUDAMemory"),
            Self::Va => Some("memory:VAMemory"),
            Self::Processor => None,
        }
    }

    /// The type of the context that its elements share: a worker has one for all its slots.
    pub const fn context(self) -> Option<&'static str> {
        match self {
            Self::Nvidia => Some("gst.cuda.context"),
            Self::Va => Some("gst.va.display.handle"),
            Self::Processor => None,
        }
    }

    /// What brings pictures from the system's memory into its.
    pub const fn upload(self) -> Option<&'static str> {
        match self {
            Self::Nvidia => Some("cudaupload"),
            Self::Va => Some("vapostproc"),
            Self::Processor => None,
        }
    }

    /// What brings them back.
    pub const fn download(self) -> Option<&'static str> {
        match self {
            Self::Nvidia => Some("cudadownload"),
            Self::Va => Some("vapostproc"),
            Self::Processor => None,
        }
    }

    /// Whether its encoder of H.264 takes pictures of this size. NVENC takes none with fewer than 160 columns or 64 lines (older
    /// ones 145 and 49); VA-API's drivers differ, and 160 by 128 is enough for those that say so. What is smaller costs a
    /// processor next to nothing.
    pub const fn encodes(self, size: Dimensions) -> bool {
        match self {
            Self::Nvidia => size.width >= 160 && size.height >= 64,
            Self::Va => size.width >= 160 && size.height >= 128,
            Self::Processor => true,
        }
    }
}

/// Some of the places that are cards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cards(u8);

impl Cards {
    /// Each.
    pub const ALL: Self = Self(0b11);
    /// None of them: what the processor does alone.
    pub const NONE: Self = Self(0);

    /// These but one. The processor is among none.
    #[must_use]
    pub const fn without(self, place: Place) -> Self {
        Self(self.0 & !Self::bit(place))
    }

    /// Whether a place is among them.
    pub const fn has(self, place: Place) -> bool {
        self.0 & Self::bit(place) != 0
    }

    const fn bit(place: Place) -> u8 {
        match place {
            Place::Nvidia => 0b01,
            Place::Va => 0b10,
            Place::Processor => 0,
        }
    }

    /// One bit for each: as it is written.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Those that are written so. Bits that mean nothing are left out.
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & Self::ALL.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_are_left_out_one_by_one_until_there_is_none() {
        assert!(
            Place::ALL
                .into_iter()
                .all(|place| Cards::ALL.has(place) == place.is_card())
        );
        let without = Cards::ALL.without(Place::Nvidia);
        assert!(without.has(Place::Va) && !without.has(Place::Nvidia));
        assert_eq!(without.without(Place::Nvidia), without);
        assert_eq!(without.without(Place::Va), Cards::NONE);
        assert_eq!(Cards::ALL.without(Place::Processor), Cards::ALL);
        for cards in [Cards::ALL, without, Cards::NONE] {
            assert_eq!(Cards::from_bits(cards.bits()), cards);
        }
    }
}
