//! The two protocols, row by row, against the core alone: time, ids and grants are values, and the media engine that
//! answers is the real one.
//!
//! Modules say `cfg(test)` so that the lints know their helpers for tests.

#[cfg(test)]
mod node;
#[cfg(test)]
mod offers;

#[cfg(test)]
mod answers;
#[cfg(test)]
mod bombs;
#[cfg(test)]
mod bounds;
#[cfg(test)]
mod cors_and_discovery;
#[cfg(test)]
mod credentials;
#[cfg(test)]
mod events;
#[cfg(test)]
mod layers;
#[cfg(test)]
mod offer_rules;
#[cfg(test)]
mod patches;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod wanted;
