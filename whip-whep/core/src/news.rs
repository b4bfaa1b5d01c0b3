//! What the SFU says of a playing session, now and then.

use serde_json::{Map, Value, json};
use sfu_model::packet::Dimensions;
use sfu_model::rate::Bitrate;
use sfu_model::rtp::Rid;

/// A rate that has changed by less than this share is no news: it varies with every picture, and whoever watches is told
/// once a second at most.
const RATE_CHANGE: f64 = 0.2;

/// The state of a player's room and of its video.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// How many play the room.
    pub n_viewers: usize,
    /// What the video comes in, low to high.
    pub layers: Vec<Layer>,
}

/// One layer of a video.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layer {
    /// The rid of its encoding, where there are several.
    pub rid: Option<Rid>,
    /// Its spatial layer; of simulcast, the rank of the encoding by size.
    pub spatial: u8,
    /// Its temporal layer inside that.
    pub temporal: u8,
    /// What it sends with the layers that it builds on; zero while it is not sent.
    pub bitrate: Bitrate,
    /// The size of its pictures, once known.
    pub size: Option<Dimensions>,
    /// Why the player gets it, or gets not even this one; `None` where it gets another one.
    pub current: Option<Why>,
}

/// Why a player gets a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It is the best there is.
    Best,
    /// The player asked for it.
    Chosen,
    /// The path carries only this much.
    Path(Bitrate),
    /// It does not: the path carries only this much, and sound comes first.
    SoundOnly(Bitrate),
}

impl Layer {
    fn differs_from(&self, told: &Self) -> bool {
        let why_differs = match (self.current, told.current) {
            (Some(Why::Path(now)), Some(Why::Path(then)))
            | (Some(Why::SoundOnly(now)), Some(Why::SoundOnly(then))) => rates_differ(now, then),
            (now, then) => now != then,
        };
        why_differs
            || self.name() != told.name()
            || self.size != told.size
            || rates_differ(self.bitrate, told.bitrate)
    }

    const fn name(&self) -> (Option<Rid>, u8, u8) {
        (self.rid, self.spatial, self.temporal)
    }

    /// The object of the `layers` event. `current`, `why` and `carries` are ours; a player ignores what it does not know.
    fn to_json(self) -> Value {
        let mut object = Map::new();
        if let Some(rid) = self.rid {
            object.insert("rid".into(), json!(rid.as_str()));
        }
        object.insert("spatialLayerId".into(), json!(self.spatial));
        object.insert("temporalLayerId".into(), json!(self.temporal));
        object.insert("bitrate".into(), json!(self.bitrate.as_bps()));
        if let Some(size) = self.size {
            object.insert("width".into(), json!(size.width));
            object.insert("height".into(), json!(size.height));
        }
        if let Some(why) = self.current {
            if !matches!(why, Why::SoundOnly(_)) {
                object.insert("current".into(), json!(true));
            }
            object.insert("why".into(), json!(why.label()));
        }
        if let Some(Why::Path(carries) | Why::SoundOnly(carries)) = self.current {
            object.insert("carries".into(), json!(carries.as_bps()));
        }
        Value::Object(object)
    }
}

impl Why {
    const fn label(self) -> &'static str {
        match self {
            Self::Best => "best",
            Self::Chosen => "chosen",
            Self::Path(_) => "path",
            Self::SoundOnly(_) => "sound-only",
        }
    }
}

/// Whether layers are news to who was told of `told`.
pub(crate) fn are_news(layers: &[Layer], told: &[Layer]) -> bool {
    layers.len() != told.len()
        || layers
            .iter()
            .zip(told)
            .any(|(now, then)| now.differs_from(then))
}

/// The data of the `layers` event for the m-line of this index.
pub(crate) fn layers_data(media_index: usize, layers: &[Layer]) -> Value {
    let layers: Vec<Value> = layers.iter().map(|layer| layer.to_json()).collect();
    json!({ media_index.to_string(): layers })
}

fn rates_differ(now: Bitrate, then: Bitrate) -> bool {
    let (low, high) = (now.min(then), now.max(then));
    low < high && (low == Bitrate::ZERO || low < high.scaled(1.0 - RATE_CHANGE))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(kbps: u64, current: Option<Why>) -> Layer {
        Layer {
            rid: Rid::new("h"),
            spatial: 1,
            temporal: 0,
            bitrate: Bitrate::from_kbps(kbps),
            size: Some(Dimensions {
                width: 640,
                height: 360,
            }),
            current,
        }
    }

    #[test]
    fn only_what_a_viewer_would_notice_is_news() {
        let path = |kbps| Some(Why::Path(Bitrate::from_kbps(kbps)));
        let told = layer(1_000, path(600));
        let table = [
            (layer(1_000, path(600)), false),
            (layer(801, path(600)), false),
            (layer(799, path(600)), true),
            (layer(1_240, path(600)), false),
            (layer(1_260, path(600)), true),
            (layer(0, path(600)), true),
            (layer(1_000, path(590)), false),
            (layer(1_000, path(400)), true),
            (layer(1_000, Some(Why::Best)), true),
            (layer(1_000, None), true),
            (
                layer(1_000, Some(Why::SoundOnly(Bitrate::from_kbps(600)))),
                true,
            ),
        ];
        for (now, expected) in table {
            assert_eq!(are_news(&[now], &[told]), expected, "{now:?}");
        }
        assert!(are_news(&[told, told], &[told]));
        assert!(!are_news(&[], &[]));
        assert!(!are_news(&[layer(0, None)], &[layer(0, None)]));
    }
}
