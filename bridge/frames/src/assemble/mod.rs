//! From packets in the order of the network to packets in the order of their numbers.

pub(crate) mod reorder;
