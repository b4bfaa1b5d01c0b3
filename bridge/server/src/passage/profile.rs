//! What players take of H.264: its profiles.

/// Values of `profile_idc` (ITU-T H.264 annex A.2): Baseline, Main and High, of 8 bits and 4:2:0 each. Browsers refuse the ones
/// with more bits or more chroma (High 10, 4:2:2, 4:4:4), and what phones and televisions decode with. Of Baseline nobody asks
/// whether it says that it is constrained: encoders that do not say so send nothing that it leaves out.
const PLAYED: [u8; 3] = [66, 77, 100];

/// May players be given pictures of this sequence parameter set, which is whole, with its NAL header?
pub(crate) fn is_played(sps: &[u8]) -> bool {
    // Section 7.3.2.1.1: the profile is behind the header.
    sps.get(1).is_some_and(|profile| PLAYED.contains(profile))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_browsers_decode_is_played_and_what_studios_record_is_not() {
        let is_played = |profile| is_played(&[0x67, profile, 0, 31]);
        let played: Vec<u8> = (0..=u8::MAX)
            .filter(|profile| is_played(*profile))
            .collect();
        assert_eq!(played, [66, 77, 100]);
        // High 10, High 4:2:2, High 4:4:4 Predictive, CAVLC 4:4:4 Intra, Extended.
        assert!(![110, 122, 244, 44, 88].into_iter().any(is_played));
        assert!(!super::is_played(&[]));
    }
}
