//! What HTTPS shows.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use aws_lc_rs::digest;

use crate::running::Running;
use crate::scratch::Scratch;
use crate::tls;

struct Shown {
    certificate: Vec<u8>,
    alpn: Option<Vec<u8>>,
    answer: String,
    /// What follows it, of a connection that is asked to end.
    rest: String,
}

/// One request over TLS, and what was shown.
fn ask(address: SocketAddr, alpn: &[&[u8]], request: &str) -> Shown {
    let mut stream = tls::connect(address, alpn);
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = vec![0; 12];
    stream.read_exact(&mut answer).unwrap();
    let mut rest = Vec::new();
    if request.contains("connection: close") {
        // The end may come without close_notify.
        let _ = stream.read_to_end(&mut rest);
    }
    Shown {
        rest: String::from_utf8_lossy(&rest).into_owned(),
        certificate: stream.conn.peer_certificates().unwrap()[0].to_vec(),
        alpn: stream.conn.alpn_protocol().map(<[u8]>::to_vec),
        answer: String::from_utf8_lossy(&answer).into_owned(),
    }
}

const HEALTH: &str = "GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

fn fingerprint(certificate: &[u8]) -> String {
    let digest = digest::digest(&digest::SHA256, certificate);
    digest
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect::<Vec<_>>()
        .join(":")
}

fn write_certificate(scratch: &Scratch) -> Vec<u8> {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    scratch.write("key.pem", &made.signing_key.serialize_pem());
    scratch.write("chain.pem", &made.cert.pem());
    made.cert.der().to_vec()
}

#[test]
fn the_printed_fingerprint_is_the_one_that_is_shown_and_it_stays() {
    let scratch = Scratch::new();
    let data = scratch.path().join("kept");
    let data = data.to_str().unwrap();
    let mut shown = Vec::new();
    for _ in 0..2 {
        let running = Running::start_in(Scratch::new(), &["--data", data]);
        let https = ask(running.https.unwrap(), &[], HEALTH);
        assert_eq!(https.answer, "HTTP/1.1 200");
        let fingerprint = fingerprint(&https.certificate);
        assert!(
            running.banner.contains(&fingerprint),
            "{fingerprint} in\n{}",
            running.banner
        );
        shown.push(fingerprint);
        running.stop();
    }
    assert_eq!(
        shown[0], shown[1],
        "a browser that trusts it is not asked again"
    );
}

#[test]
fn http2_is_preferred_and_http1_is_there() {
    let running = Running::start();
    let https = running.https.unwrap();
    let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    let both = ask(https, &[b"http/1.1", b"h2"], preface);
    assert_eq!(both.alpn.as_deref(), Some(&b"h2"[..]));
    // A SETTINGS frame (type 4) on stream 0 is how HTTP/2 begins (RFC 9113 section 3.4).
    assert_eq!(both.answer.as_bytes()[3], 4);
    let one = ask(https, &[b"http/1.1"], HEALTH);
    assert_eq!(one.alpn.as_deref(), Some(&b"http/1.1"[..]));
    assert_eq!(one.answer, "HTTP/1.1 200");
    running.stop();
}

#[test]
fn certificate_files_are_shown_and_reloaded_when_they_change() {
    let scratch = Scratch::new();
    let first = write_certificate(&scratch);
    scratch.write(
        "freshet.toml",
        "[https]\ncertificate = \"chain.pem\"\nprivate_key = \"key.pem\"\n",
    );
    let running = Running::start_in(scratch, &[]);
    let https = running.https.unwrap();
    assert_eq!(ask(https, &[], HEALTH).certificate, first);
    assert!(
        !running.banner.contains("self-signed"),
        "{}",
        running.banner
    );
    let second = write_certificate(&running.scratch);
    let mut tries = 0;
    while ask(https, &[], HEALTH).certificate != second {
        tries += 1;
        assert!(tries < 20_000, "the new certificate is never shown");
    }
    running.scratch.write("chain.pem", "half a certif");
    while !running.log().contains("cannot be used") {
        tries += 1;
        assert!(tries < 40_000, "the half certificate is never looked at");
        assert_eq!(
            ask(https, &[], HEALTH).certificate,
            second,
            "the last stays"
        );
    }
    assert_eq!(ask(https, &[], HEALTH).certificate, second);
    running.stop();
}

/// A certificate that an authority signed, which the test makes up.
fn write_signed_certificate(scratch: &Scratch) {
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
    authority.distinguished_name = rcgen::DistinguishedName::new();
    authority
        .distinguished_name
        .push(rcgen::DnType::CommonName, "authority");
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let leaf = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &issuer).unwrap();
    scratch.write("key.pem", &key.serialize_pem());
    scratch.write("chain.pem", &leaf.pem());
}

#[test]
fn browsers_stay_with_https_once_an_authority_vouches_for_it() {
    let files = "[https]\ncertificate = \"chain.pem\"\nprivate_key = \"key.pem\"\n";
    let policy = "strict-transport-security: max-age=31536000\r\n";
    let signed = Scratch::new();
    write_signed_certificate(&signed);
    signed.write("freshet.toml", files);
    let running = Running::start_in(signed, &[]);
    let https = running.https.unwrap();
    let head = ask(https, &[], HEALTH).rest;
    assert!(head.contains(policy), "{head}");
    let mut plain = TcpStream::connect(running.http).unwrap();
    plain.write_all(HEALTH.as_bytes()).unwrap();
    let mut head = String::new();
    plain.read_to_string(&mut head).unwrap();
    assert!(head.starts_with("HTTP/1.1 200") && !head.contains(policy));
    running.stop();

    // The one that is made at the first start, and one of the operator's own making.
    let own = Scratch::new();
    write_certificate(&own);
    own.write("freshet.toml", files);
    for scratch in [Scratch::new(), own] {
        let running = Running::start_in(scratch, &[]);
        let head = ask(running.https.unwrap(), &[], HEALTH).rest;
        assert!(head.ends_with("ok\n") && !head.contains(policy), "{head}");
        running.stop();
    }
}

#[test]
fn metrics_over_https_are_for_those_whom_the_operator_allows() {
    let running = Running::with_config("[http]\ntrusted_proxies = [\"127.0.0.1\"]\n");
    let https = running.https.unwrap();
    let scrape = |from: &str| {
        let head = "GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n";
        let request = format!("{head}x-forwarded-for: {from}\r\n\r\n");
        ask(https, &[], &request).answer
    };
    assert_eq!(scrape("203.0.113.7"), "HTTP/1.1 403");
    assert_eq!(scrape("127.0.0.1"), "HTTP/1.1 200");
    running.stop();
}

#[test]
fn files_that_are_no_certificate_stop_the_start_with_a_reason() {
    let scratch = Scratch::new();
    write_certificate(&scratch);
    let other = rcgen::KeyPair::generate().unwrap();
    scratch.write("other.pem", &other.serialize_pem());
    let config = "[https]\ncertificate = \"chain.pem\"\nprivate_key = \"other.pem\"\n";
    scratch.write("freshet.toml", config);
    let refused = crate::running::complaint(&scratch, &["serve", "--listen", "127.0.0.1:0"]);
    assert!(
        refused.contains("name the key that belongs to the first certificate"),
        "{refused}"
    );
}
