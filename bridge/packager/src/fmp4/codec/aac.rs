//! The first field of an AudioSpecificConfig (ISO/IEC 14496-3 section 1.6.2.1).

use super::bits::Bits;

/// An `audioObjectType` of 5 bits that says that 6 more follow.
const ESCAPE: u8 = 31;

/// `audioObjectType`: 2 is AAC-LC, 5 and 29 HE-AAC. `None`: the config ends before it.
pub fn object_type(config: &[u8]) -> Option<u8> {
    let mut bits = Bits::new(config.iter().copied());
    match bits.byte(5)? {
        ESCAPE => Some(32 + bits.byte(6)?),
        object_type => Some(object_type),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_object_type_is_the_first_five_bits_or_the_six_after_them() {
        assert_eq!(object_type(&[0x11, 0x90]), Some(2));
        assert_eq!(object_type(&[0xf9, 0x40]), Some(42), "xHE-AAC");
        assert_eq!(object_type(&[0xf8]), None);
        assert_eq!(object_type(&[]), None);
    }
}
