//! Which formats a rendition has been in, as far back as it is listed.

use std::sync::Arc;

use sfu_model::frame::Format;

use crate::codec_string::{codec_string, covering};
use crate::rendition::FormatOutline;
use crate::segment::InitNumber;

/// Of one rendition.
#[derive(Debug, Default)]
pub(crate) struct Formats {
    all: Arc<[FormatOutline]>,
    /// What a player must know that plays all of it.
    codecs: Option<Arc<str>>,
}

impl Formats {
    /// Oldest first.
    pub(crate) fn all(&self) -> &Arc<[FormatOutline]> {
        &self.all
    }

    /// Of all. `None`: nothing is known of them.
    pub(crate) fn codecs(&self) -> Option<&Arc<str>> {
        self.codecs.as_ref()
    }

    /// Another init section.
    pub(crate) fn push(&mut self, init: InitNumber, format: &Format) {
        let Some(codecs) = codec_string(format) else {
            return;
        };
        let new = FormatOutline {
            init,
            codecs: Arc::from(codecs),
            size: format.size(),
        };
        self.all = self.all.iter().cloned().chain([new]).collect();
        self.cover();
    }

    /// No segment is listed that needs an init section before this one.
    pub(crate) fn forget_before(&mut self, oldest: InitNumber) {
        if self.all.first().is_some_and(|first| first.init < oldest) {
            let listed = self.all.iter().filter(|format| format.init >= oldest);
            self.all = listed.cloned().collect();
            self.cover();
        }
    }

    fn cover(&mut self) {
        let strings = self.all.iter().map(|format| &*format.codecs);
        self.codecs = covering(strings).map(Arc::from);
    }
}
