//! RTP packets in, timed frames out: reorder, give up, depacketise, and one timeline for a stream.
#![forbid(unsafe_code)]
