//! `freshet thumbnail-worker`: keyframes on the standard input become JPEGs on the standard output.

use std::io;

use nix::sys::resource::{Resource, setrlimit};

use super::picture::jpeg_of;
use super::wire::{self, KEYFRAME_BYTES_MAX};

/// Address space of the process, in bytes: decoding the largest picture that H.264 has takes 150 MB, and the allocator reserves
/// more than it uses. Past it the decoder fails, or the process ends.
const MEMORY_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;

/// Files that may be open: the three that it began with.
const FILES_MAX: u64 = 3;

/// Works until nobody writes to it any more. What cannot be decoded is answered with nothing.
pub(crate) fn run() -> io::Result<()> {
    confine()?;
    let (mut from, mut to) = (io::stdin().lock(), io::stdout().lock());
    loop {
        let keyframe = match wire::read(&mut from, KEYFRAME_BYTES_MAX) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            read => read?,
        };
        wire::write(&mut to, &jpeg_of(&keyframe).unwrap_or_default())?;
    }
}

/// Takes away what decoding does not need.
fn confine() -> io::Result<()> {
    let bounds = [
        (Resource::RLIMIT_AS, MEMORY_BYTES_MAX),
        (Resource::RLIMIT_NOFILE, FILES_MAX),
        (Resource::RLIMIT_FSIZE, 0),
        (Resource::RLIMIT_CORE, 0),
    ];
    for (resource, bound) in bounds {
        setrlimit(resource, bound, bound)?;
    }
    Ok(())
}
