//! CMAF (ISO/IEC 23000-19): init sections and chunks of one track, the same bytes for HLS and DASH.

pub mod codec;
