//! What will not come any more, and who waits for it.
//!
//! A playlist that has ended says so to everybody, at once: whoever is told nothing until the hold runs out takes a stream
//! that is over for one that stutters, and asks again.

use std::sync::Arc;

use bridge_packager::playlist::media::Media;
use bridge_packager::rendition::RenditionOutline;

use crate::reload::Position;
use crate::rendition::Slot;
use crate::waiting::Subject;

use super::{Origin, not_found};

impl Origin {
    /// Nothing more will come of the stream. Who waits for a playlist that there is gets the last of it; what there never was
    /// is 404, now and from now on.
    pub fn handle_end(&mut self) {
        self.is_over = true;
        for slot in (0..self.renditions.len()).map(Slot) {
            self.end(slot);
        }
        while let Some((id, group)) = self.waiting.take_any() {
            self.wake(id, &group, not_found());
        }
    }

    /// Ends the renditions that are listed and are not in this new list. What there was of them can be played to its end.
    pub(super) fn end_all_but(&mut self, infos: &[RenditionOutline]) {
        let is_removed = |info: &&RenditionOutline| infos.iter().all(|i| i.name != info.name);
        let removed = self.infos.iter().filter(is_removed);
        let slots = removed.filter_map(|info| self.slot_named(info.name.as_str()));
        for slot in slots.collect::<Vec<Slot>>() {
            self.end(slot);
        }
    }

    fn end(&mut self, slot: Slot) {
        let Some(rendition) = self.renditions.get_mut(slot.0) else {
            return;
        };
        if let Some(media) = rendition.media().cloned() {
            let ended = Arc::new(Media {
                is_ended: true,
                ..Media::clone(&media)
            });
            if rendition.set_media(Arc::clone(&ended)) {
                self.tops.clear();
            }
            self.wake_parts(slot, &ended);
            self.wake_playlists(slot);
        }
        // Of what never had anything to play nothing can be told.
        let rest = Subject::Playlist(slot);
        for (id, group) in self.waiting.take_through(rest, Position::LAST) {
            self.wake(id, &group, not_found());
        }
    }
}
