//! Which rules of HLS and of its low-latency extensions (draft-pantos-hls-rfc8216bis) an origin breaks.
//!
//! The journey of an observation: the [`probe`] asks an origin what players ask, and some things that they should not; a
//! playlist's text becomes a [`playlist::media::Media`] that has forgiven nothing, a fragment a [`media::fragment::Fragment`],
//! and an answer an [`exchange::Exchange`]. The [`checker`] keeps what was seen before and hands each to the [`rules`], which
//! write what they looked at and what they found into a [`report::Report`].
//!
//! # Invariants
//!
//! * Everything but [`probe`] is a value: no clock, no socket, no runtime. What it is told, a file can tell as well.
//! * A rule that never had anything to look at is reported as not seen, never as kept.
//! * Every rule is broken by an entry of the corpus, or by an exchange or a fragment of its test: none is kept by all.
//! * Nothing that an origin sends is a panic.
#![forbid(unsafe_code)]

pub mod catalog;
pub mod checker;
pub mod exchange;
pub mod media;
pub mod playlist;
pub mod probe;
pub mod report;
pub mod rules;
pub mod script;
