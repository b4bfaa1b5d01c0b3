//! The bytes of a frame while they are gathered: where they are, not what they are, so that each is copied once.

use std::sync::Arc;

use sfu_model::packet::Packet;

/// Where some bytes of the frame come from.
#[derive(Clone, Copy, Debug)]
enum Piece {
    /// A stretch of a packet's payload.
    Payload {
        packet: usize,
        from: usize,
        to: usize,
    },
    /// A length, or a header that is written anew.
    Written {
        bytes: [u8; WRITTEN_BYTES_MAX],
        n: usize,
    },
}

/// Most bytes that are written anew in one go: a length in LEB128 takes eight at most, the others four or fewer.
const WRITTEN_BYTES_MAX: usize = 8;

impl Piece {
    const fn len(&self) -> usize {
        match self {
            Self::Payload { from, to, .. } => to.saturating_sub(*from),
            Self::Written { n, .. } => *n,
        }
    }
}

/// A place that was kept for a number that is not known yet, such as the length of what follows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place(usize);

/// Pieces in their order. Its memory is used again for each frame.
#[derive(Debug, Default)]
pub(crate) struct Chain {
    pieces: Vec<Piece>,
    n_bytes: usize,
}

impl Chain {
    pub(crate) fn clear(&mut self) {
        self.pieces.clear();
        self.n_bytes = 0;
    }

    pub(crate) const fn len(&self) -> usize {
        self.n_bytes
    }

    /// Adds bytes of the payload of the packet with this index, from one place to another in it.
    pub(crate) fn payload(&mut self, packet: usize, from: usize, to: usize) {
        self.add(Piece::Payload { packet, from, to });
    }

    /// Adds bytes that are in no packet; beyond eight they are cut.
    pub(crate) fn written(&mut self, bytes: &[u8]) {
        self.add(written(bytes));
    }

    /// Keeps a place.
    pub(crate) fn place(&mut self) -> Place {
        self.pieces.push(written(&[]));
        Place(self.pieces.len() - 1)
    }

    /// Writes at a place that was kept.
    pub(crate) fn fill(&mut self, place: Place, bytes: &[u8]) {
        if let Some(piece) = self.pieces.get_mut(place.0) {
            self.n_bytes = self.n_bytes.saturating_sub(piece.len());
            *piece = written(bytes);
            self.n_bytes += piece.len();
        }
    }

    fn add(&mut self, piece: Piece) {
        self.n_bytes += piece.len();
        self.pieces.push(piece);
    }

    /// Copies all, once: the shared slice is made before its bytes, because one that is made of a vector copies that.
    pub(crate) fn gather(&self, packets: &[Packet]) -> Option<Arc<[u8]>> {
        let mut data: Arc<[u8]> = std::iter::repeat_n(0, self.n_bytes).collect();
        let mut rest = Arc::get_mut(&mut data)?;
        for piece in &self.pieces {
            let bytes = match piece {
                Piece::Payload { packet, from, to } => {
                    packets.get(*packet)?.payload.get(*from..*to)?
                }
                Piece::Written { bytes, n } => bytes.get(..*n)?,
            };
            let (here, tail) = rest.split_at_mut_checked(bytes.len())?;
            here.copy_from_slice(bytes);
            rest = tail;
        }
        Some(data)
    }
}

fn written(from: &[u8]) -> Piece {
    let mut bytes = [0; WRITTEN_BYTES_MAX];
    let mut n = 0;
    for (slot, byte) in bytes.iter_mut().zip(from) {
        *slot = *byte;
        n += 1;
    }
    Piece::Written { bytes, n }
}
