//! What a player asks for, of the layers of its video (draft-ietf-wish-whep-04, "Video Layer Selection extension").

use serde::Deserialize;
use sfu_model::rtp::Rid;

/// The bounds that a player sets; none of them is automatic selection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LayerSelection {
    /// The encoding of this rid, and none better.
    pub rid: Option<Rid>,
    /// This spatial layer, and none better.
    pub spatial: Option<u8>,
    /// None better than this spatial layer, which need not be there.
    pub spatial_max: Option<u8>,
    /// This temporal layer, and none better.
    pub temporal: Option<u8>,
    /// None better than this temporal layer, which need not be there.
    pub temporal_max: Option<u8>,
    /// None wider, in pixels.
    pub width_max: Option<u16>,
    /// None higher, in pixels.
    pub height_max: Option<u16>,
}

/// Peer misbehaved: it asks for what cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSelection {
    /// It is no JSON, or none of the right shape.
    #[error("The body is a JSON object that says which layer.")]
    NoObject,
    /// No video can have this layer.
    #[error("The video has no such layer.")]
    NoLayer,
}

/// The body of the POST. Fields that the draft does not have are ignored.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    media_id: Option<String>,
    rid: Option<String>,
    spatial_layer_id: Option<u32>,
    temporal_layer_id: Option<u32>,
    max_spatial_layer_id: Option<u32>,
    max_temporal_layer_id: Option<u32>,
    max_width: Option<u32>,
    max_height: Option<u32>,
}

impl LayerSelection {
    /// Reads a body. `media_index` is the m-line that the video is in.
    pub(crate) fn parse(body: &[u8], media_index: usize) -> Result<Self, BadSelection> {
        let body: Body = serde_json::from_slice(body).map_err(|_| BadSelection::NoObject)?;
        let is_other = |id: &String| id.parse() != Ok(media_index);
        if body.media_id.as_ref().is_some_and(is_other) {
            return Err(BadSelection::NoLayer);
        }
        let rid = body
            .rid
            .map(|rid| Rid::new(&rid).ok_or(BadSelection::NoLayer));
        let layer = |id: Option<u32>| {
            let id = id.map(u8::try_from).transpose();
            id.map_err(|_| BadSelection::NoLayer)
        };
        let width_max = body.max_width.map(u16::try_from);
        let height_max = body.max_height.map(u16::try_from);
        Ok(Self {
            rid: rid.transpose()?,
            spatial: layer(body.spatial_layer_id)?,
            temporal: layer(body.temporal_layer_id)?,
            // A bound above everything that can be bounds nothing.
            spatial_max: body.max_spatial_layer_id.and_then(|id| id.try_into().ok()),
            temporal_max: body.max_temporal_layer_id.and_then(|id| id.try_into().ok()),
            width_max: width_max.and_then(Result::ok),
            height_max: height_max.and_then(Result::ok),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_read_and_what_is_unknown_in_it_ignored() {
        let parsed = |body: &str| LayerSelection::parse(body.as_bytes(), 1);
        assert_eq!(parsed("{}"), Ok(LayerSelection::default()));
        assert_eq!(
            parsed(r#"{"mediaId":"1","x":{}}"#),
            Ok(LayerSelection::default())
        );
        let full = LayerSelection {
            rid: Rid::new("h"),
            spatial: Some(1),
            spatial_max: Some(2),
            temporal: Some(0),
            temporal_max: Some(1),
            width_max: Some(640),
            height_max: Some(360),
        };
        let body = r#"{"mediaId":"1","rid":"h","spatialLayerId":1,"maxSpatialLayerId":2,
            "temporalLayerId":0,"maxTemporalLayerId":1,
            "maxWidth":640,"maxHeight":360}"#;
        assert_eq!(parsed(body), Ok(full));
        let beyond = r#"{"maxSpatialLayerId":256,"maxTemporalLayerId":256,"maxWidth":100000,"maxHeight":65536}"#;
        assert_eq!(parsed(beyond), Ok(LayerSelection::default()));
    }

    #[test]
    fn what_is_no_body_is_400_and_what_is_no_layer_is_404() {
        let parsed = |body: &[u8]| LayerSelection::parse(body, 1);
        for bad in [
            &b""[..],
            b"[]",
            b"{",
            b"{\"rid\":1}",
            b"{\"maxWidth\":-1}",
            b"\xff",
        ] {
            assert!(
                matches!(parsed(bad), Err(BadSelection::NoObject)),
                "{bad:?}"
            );
        }
        for unknown in [
            r#"{"mediaId":"0"}"#,
            r#"{"mediaId":"video"}"#,
            r#"{"rid":"no such rid"}"#,
            r#"{"spatialLayerId":256}"#,
            r#"{"temporalLayerId":256}"#,
        ] {
            assert_eq!(
                parsed(unknown.as_bytes()),
                Err(BadSelection::NoLayer),
                "{unknown}"
            );
        }
    }
}
