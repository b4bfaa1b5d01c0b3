//! The Dependency Descriptor as a header extension of a browser's engine, which knows its bytes and not what they mean.

use str0m::rtp::{Extension, ExtensionSerializer, ExtensionValues};

/// AV1 RTP payload format, appendix A.2.
pub(crate) const URI: &str =
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension";

/// Longest value of the one-byte form (RFC 8285 section 4.2).
const SHORT_BYTES_MAX: usize = 16;

/// The bytes of one.
#[derive(Clone, Debug)]
struct Bytes(Vec<u8>);

/// The extension, to negotiate.
pub(crate) fn extension() -> Extension {
    Extension::with_serializer(URI, Carrier)
}

/// Puts a descriptor into a packet's header.
pub(crate) fn set(values: &mut ExtensionValues, descriptor: Vec<u8>) {
    values.user_values.set(Bytes(descriptor));
}

/// The descriptor of a packet's header.
pub(crate) fn of(values: &ExtensionValues) -> Option<&[u8]> {
    values.user_values.get::<Bytes>().map(|bytes| &bytes.0[..])
}

#[derive(Debug)]
struct Carrier;

impl ExtensionSerializer for Carrier {
    fn write_to(&self, buf: &mut [u8], values: &ExtensionValues) -> usize {
        let Some(bytes) = of(values) else { return 0 };
        let Some(place) = buf.get_mut(..bytes.len()) else {
            return 0;
        };
        place.copy_from_slice(bytes);
        bytes.len()
    }

    fn parse_value(&self, buf: &[u8], values: &mut ExtensionValues) -> bool {
        set(values, buf.to_vec());
        true
    }

    fn is_video(&self) -> bool {
        true
    }

    fn is_audio(&self) -> bool {
        false
    }

    fn requires_two_byte_form(&self, values: &ExtensionValues) -> bool {
        of(values).is_some_and(|bytes| bytes.len() > SHORT_BYTES_MAX)
    }
}
