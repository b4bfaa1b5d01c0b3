//! SRTCP that was forged, tampered with, cut or replayed.

use sfu_core::srtp::{KeyingMaterial, OpenError, Opener, Profile, Sealer, Side, contexts};

/// Bytes before the compound packet: the profile, where a change is, and what it is.
const CHOICES: usize = 4;

/// The first byte chooses the profile, two more a place, the fourth a change. The rest is taken as a sealed packet, which
/// it cannot be without the keys; then as a clear one, which is sealed: changed in that place, or cut there, it is
/// refused; as it was, it is taken once.
pub fn srtcp_open(bytes: &[u8]) {
    let Some((&[profile, high, low, change], rest)) = bytes.split_first_chunk::<CHOICES>() else {
        return;
    };
    let profiles = Profile::ALL;
    let Some(profile) = profiles.get(usize::from(profile) % profiles.len()) else {
        return;
    };
    let place = usize::from(u16::from_be_bytes([high, low]));
    let (mut sealer, _) = side(*profile, Side::Client);
    let (_, mut opener) = side(*profile, Side::Server);

    let mut forged = rest.to_vec();
    assert!(
        opener.open_rtcp(&mut forged).is_err(),
        "taken without the keys"
    );

    let mut sealed = rest.to_vec();
    if sealer.seal_rtcp(&mut sealed, 0).is_err() {
        assert!(rest.len() < 8, "a compound packet was not sealed");
        return;
    }
    let place = place % sealed.len();
    let mut tampered = sealed.clone();
    for byte in tampered.iter_mut().skip(place).take(1) {
        *byte ^= change.max(1);
    }
    assert!(opener.open_rtcp(&mut tampered).is_err(), "a change passed");
    let mut cut = sealed.clone();
    cut.truncate(place);
    assert!(opener.open_rtcp(&mut cut).is_err(), "a cut packet passed");

    let clear = opener.open_rtcp(&mut sealed.clone()).map(<[u8]>::to_vec);
    assert_eq!(clear.as_deref(), Ok(rest), "a true packet was refused");
    assert_eq!(
        opener.open_rtcp(&mut sealed),
        Err(OpenError::Replayed),
        "taken twice"
    );
}

/// One end of a session whose keys everybody knows.
fn side(profile: Profile, we_are: Side) -> (Sealer, Opener) {
    let bytes: Vec<u8> = (0..).take(profile.keying_bytes()).collect();
    contexts(KeyingMaterial::from_exporter(&bytes), profile, we_are)
        .expect("material of the profile's length makes keys")
}
