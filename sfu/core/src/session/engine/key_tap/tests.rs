//! A real handshake, one side of which is tapped.

use std::time::Duration;

use super::*;

type Side = Box<dyn DtlsInstance>;

fn side(provider: &CryptoProvider, is_active: bool, now: Instant) -> Side {
    let dtls = provider.dtls_provider;
    let certificate = dtls.generate_certificate().unwrap();
    let mut side = dtls
        .new_dtls(&certificate, now, DtlsVersion::Auto, None)
        .unwrap();
    side.set_active(is_active);
    side.handle_timeout(now).unwrap();
    side
}

/// Takes what one side has to say; gives the keys that it tells its engine, if it does now.
fn drive(from: &mut Side, to: &mut Side, now: Instant) -> Option<Vec<u8>> {
    from.handle_timeout(now).unwrap();
    let mut keys = None;
    let mut buffer = vec![0; 4_096];
    loop {
        let output = from.poll_output(&mut buffer);
        if let DtlsOutput::Packet(packet) = output {
            to.handle_packet(packet).unwrap();
        } else if let DtlsOutput::KeyingMaterial(material, _) = output {
            keys = Some(material.to_vec());
        } else if let DtlsOutput::Timeout(_) = output {
            return keys;
        }
    }
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the engine counts in a type that only the clock can make"
)]
fn the_engine_gets_other_keys_than_the_handshake_made() {
    let began = Instant::now();
    let (mut tapped, slot) = tapped(|| side(&provider(), false, began));
    let mut client = side(&handshake::provider(), true, began);
    let (mut told, mut real) = (None, None);
    for ms in 0..200 {
        let now = began + Duration::from_millis(ms);
        real = real.or(drive(&mut client, &mut tapped, now));
        told = told.or(drive(&mut tapped, &mut client, now));
    }
    let (told, real) = (told.expect("keys"), real.expect("keys"));
    let agreed = slot.take().expect("the real keys");
    let wanted = srtp::KeyingMaterial::from_exporter(&real);
    assert!(
        agreed.material == wanted,
        "our egress has those of the client"
    );
    assert_eq!(told.len(), real.len());
    assert_ne!(told, real);
    // Not in part either: each key and each salt is another.
    let is_part = |at: usize| told.get(at..at + 8) == real.get(at..at + 8);
    assert!((0..told.len() - 8).all(|at| !is_part(at)));
    assert!(told.iter().any(|byte| *byte != 0));
}
