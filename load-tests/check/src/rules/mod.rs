//! The rules: over one playlist ([`syntax`], [`promises`], [`parts`], [`segments`], [`dates`], [`hints`]), over what one rendition
//! said before ([`constants`], [`removal`], [`identity`], [`pace`], [`reloads`], [`deltas`]), over the renditions together
//! ([`renditions`], [`reports`], [`variants`]), over answers ([`answers`]) and over media ([`fragments`]).

pub mod answers;
pub mod constants;
pub mod dates;
pub mod deltas;
pub mod fragments;
pub mod hints;
pub mod identity;
pub mod pace;
pub mod parts;
pub mod promises;
pub mod reloads;
pub mod removal;
pub mod renditions;
pub mod reports;
pub mod segments;
pub mod syntax;
pub mod variants;
