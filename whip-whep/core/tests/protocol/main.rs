//! The two protocols, row by row, against the core alone: time, ids and grants are values, and the media engine that
//! answers is the real one.

mod node;
mod offers;

mod answers;
mod bounds;
mod cors_and_discovery;
mod credentials;
mod offer_rules;
mod patches;
mod properties;
mod sessions;
