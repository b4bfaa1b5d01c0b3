//! The end of a stream, however it comes.

use std::sync::Arc;

use crate::stream::Stream;

/// Dropped with what makes a stream, it ends that: whoever waits for more of it is answered even where a stage panicked.
#[derive(Debug)]
pub(crate) struct Ending(pub(crate) Arc<Stream>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.end();
    }
}
