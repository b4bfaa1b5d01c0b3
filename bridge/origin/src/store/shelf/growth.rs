//! What there is of a segment, whether it is whole or not.

use bytes::Bytes;

use super::Shelf;

impl Shelf {
    /// All parts of a segment that are in memory.
    pub(in crate::store) fn parts(&self, number: u64) -> Vec<Bytes> {
        if let Some(parts) = self.recent(number) {
            return parts.to_vec();
        }
        let open = self.open.range((number, 0)..=(number, u32::MAX));
        open.map(|(_, bytes)| bytes.clone()).collect()
    }

    pub(in crate::store) fn is_finished(&self, number: u64) -> bool {
        self.recent(number).is_some() || self.archived_bytes(number).is_some()
    }
}
