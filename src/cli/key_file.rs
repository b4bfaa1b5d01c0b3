//! A stream key that is read from a file, so that it stands in no list of processes and no shell's history.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use signaling_auth::stream_key::StreamKey;

use super::output::Failure;

/// Most bytes that are read: the longest key is 64, and what follows its line is not wanted. A file without line ends,
/// such as a device, is refused as no key.
const KEY_FILE_BYTES_MAX: u64 = 4 * 1024;

/// What stands for the standard input.
const STDIN: &str = "-";

/// The key on the first line.
pub(super) fn read(file: &Path) -> Result<StreamKey, Failure> {
    let failed = |error: io::Error| Failure::new(format!("{}: {error}", file.display()));
    let text = if file == Path::new(STDIN) {
        text_of(io::stdin().lock())
    } else {
        File::open(file).and_then(text_of)
    };
    let text = text.map_err(failed)?;
    let line = text.lines().next().unwrap_or_default();
    Ok(StreamKey::parse(line.trim_end())?)
}

fn text_of(from: impl Read) -> io::Result<String> {
    let mut text = String::new();
    from.take(KEY_FILE_BYTES_MAX).read_to_string(&mut text)?;
    Ok(text)
}
