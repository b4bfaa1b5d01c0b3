//! URLs that let whoever has them play one stream by HLS and DASH, until a time, perhaps from some addresses or one country
//! only.
//!
//! ```text
//! /signed/1.e1789000000.acb007100-24.cNL.MAC/hls/{stream}/multivariant.m3u8
//! ```
//!
//! The token is a segment of the path in front of everything: what playlists and MPDs name is relative to them, so that all of
//! it is below the same token, and no playlist is written anew for a viewer. It signs the stream, which is the prefix of all
//! paths behind it: `/hls/{stream}/` and `/dash/{stream}/`.
//!
//! | field | meaning |
//! |---|---|
//! | `1` | the version of this text |
//! | `e` and digits | until when: Unix seconds |
//! | `a`, an address in hexadecimal, `-`, a length | from which addresses: a prefix; may be left out |
//! | `c` and two letters | from which country (ISO 3166-1 alpha-2); may be left out |
//! | the last | HMAC-SHA256 over the stream and the text before it, in base64url |
//!
//! A cache in front checks the token, or asks, and leaves it out of its key: what is behind it is the same for everybody.

pub mod country;
pub mod key;
pub mod network;
pub mod terms;
