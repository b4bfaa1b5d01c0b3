//! The Dependency Descriptor as the engine hands it over. The engine knows the extension's URI and bytes, and nothing of
//! what they mean.

use std::sync::Arc;

use sfu_model::dependency::DescriptorBytes;
use str0m::rtp::{Extension, ExtensionSerializer, ExtensionValues};

/// AV1 RTP payload format, appendix A.2. The codecs that it places frames of are others, too.
const URI: &str =
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension";

/// Longest value of the two-byte form (RFC 8285 section 4.3). The engine never hands over more.
const VALUE_BYTES_MAX: usize = 255;

/// The extension, to negotiate and to look up.
pub(super) fn extension() -> Extension {
    Extension::with_serializer(URI, Carrier)
}

/// The descriptor of a packet that came in.
pub(super) fn descriptor(values: &ExtensionValues) -> Option<Arc<DescriptorBytes>> {
    values.user_values.get_arc::<DescriptorBytes>()
}

/// Keeps the bytes as they are.
#[derive(Debug)]
struct Carrier;

impl ExtensionSerializer for Carrier {
    fn write_to(&self, buf: &mut [u8], values: &ExtensionValues) -> usize {
        let Some(DescriptorBytes(bytes)) = values.user_values.get::<DescriptorBytes>() else {
            return 0;
        };
        match buf.get_mut(..bytes.len()) {
            Some(place) if bytes.len() <= VALUE_BYTES_MAX => {
                place.copy_from_slice(bytes);
                bytes.len()
            }
            _ => 0,
        }
    }

    fn parse_value(&self, buf: &[u8], values: &mut ExtensionValues) -> bool {
        values.user_values.set(DescriptorBytes(buf.to_vec()));
        true
    }

    fn is_video(&self) -> bool {
        true
    }

    fn is_audio(&self) -> bool {
        false
    }

    fn requires_two_byte_form(&self, values: &ExtensionValues) -> bool {
        let bytes = values.user_values.get::<DescriptorBytes>();
        bytes.is_some_and(|DescriptorBytes(bytes)| bytes.len() > 16)
    }
}
