//! What a PATCH carries.

use sfu_model::limits::SDP_CANDIDATES_MAX;
use whip_whep_core::sdp_fragment::Fragment;

/// A fragment that is taken says something, within its bounds.
pub fn sdp_fragment(bytes: &[u8]) {
    let Ok(fragment) = Fragment::parse(bytes) else {
        return;
    };
    assert!(fragment.n_usable + fragment.n_discarded <= SDP_CANDIDATES_MAX);
    if let Some(credentials) = &fragment.credentials {
        assert!((4..=256).contains(&credentials.ufrag.len()));
        assert!((22..=256).contains(&credentials.password.len()));
        let shown = format!("{fragment:?}");
        assert!(
            !shown.contains(&credentials.password),
            "a log would show the password"
        );
    }
}
