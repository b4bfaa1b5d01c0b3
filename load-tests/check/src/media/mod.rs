//! Fragmented MP4 as values (ISO/IEC 14496-12), as far as a rule asks.

pub mod boxes;
pub mod fragment;
pub mod init;
