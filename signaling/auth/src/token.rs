//! Tokens: signed statements of at most an hour about who may do what with one stream.
//!
//! A token is a JWT (RFC 7519) signed with HS256 or EdDSA. [`issue`] makes one, [`verify`] reads one.
//!
//! | claim | meaning |
//! |---|---|
//! | `aud` | always `freshet`: a token that an application made for something else is none of ours |
//! | `sub` | who; 1 to 128 printable ASCII characters |
//! | `stream` | the stream's name |
//! | `verbs` | `["publish"]`, `["play"]`, or both |
//! | `exp` | required; at most an hour from now |
//! | `nbf` | honoured where present |

pub mod claims;
pub mod issue;
pub mod verify;
