//! The packets of the frame that has begun.

use sfu_model::packet::Packet;

/// In their order, with the number of their bytes. Its memory is used again for each frame.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    packets: Vec<Packet>,
    n_bytes: usize,
}

impl Gathered {
    pub(crate) fn push(&mut self, packet: Packet) {
        self.n_bytes += packet.payload.len();
        self.packets.push(packet);
    }

    pub(crate) fn clear(&mut self) {
        self.packets.clear();
        self.n_bytes = 0;
    }

    pub(crate) fn packets(&self) -> &[Packet] {
        &self.packets
    }

    pub(crate) const fn n_bytes(&self) -> usize {
        self.n_bytes
    }
}
