//! A stream key that is read from a file, so that it stands in no list of processes and no shell's history.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use signaling_auth::stream_key::StreamKey;

use super::output::Failure;

/// Longest first line, in bytes: the longest key is 64, blanks may follow it, and what follows its line is not wanted. A longer
/// one, such as that of a device, is refused: the file is another than was meant.
const KEY_LINE_BYTES_MAX: u64 = 4 * 1024;

/// What stands for the standard input.
const STDIN: &str = "-";

/// The key on the first line.
pub(super) fn read(file: &Path) -> Result<StreamKey, Failure> {
    let failed = |error: io::Error| Failure::new(format!("{}: {error}", file.display()));
    let line = if file == Path::new(STDIN) {
        first_line_of(io::stdin().lock())
    } else {
        File::open(file).and_then(|file| first_line_of(BufReader::new(file)))
    };
    Ok(StreamKey::parse(line.map_err(failed)?.trim_end())?)
}

fn first_line_of(from: impl BufRead) -> io::Result<String> {
    let refused = |why: String| io::Error::new(io::ErrorKind::InvalidData, why);
    let mut line = Vec::new();
    from.take(KEY_LINE_BYTES_MAX + 1)
        .read_until(b'\n', &mut line)?;
    if line.last() == Some(&b'\n') {
        line.pop();
    }
    if line.len() as u64 > KEY_LINE_BYTES_MAX {
        return Err(refused(format!(
            "its first line has more than {KEY_LINE_BYTES_MAX} bytes; name a file that begins with the key"
        )));
    }
    String::from_utf8(line).map_err(|_| refused("its first line is not text".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    fn read_text(text: &str) -> Result<StreamKey, Failure> {
        let scratch = Scratch::new("key-file");
        let file = scratch.path().join("key");
        std::fs::write(&file, text).unwrap();
        read(&file)
    }

    #[test]
    fn a_first_line_has_an_edge_at_its_longest() {
        let line =
            |n_bytes: u64| format!("{:<1$}", "some-key-0001", usize::try_from(n_bytes).unwrap());
        for end in ["", "\n", "\r\n", "\nä second line\n"] {
            // A carriage return is a byte of the line.
            let n_bytes = KEY_LINE_BYTES_MAX - u64::from(end.starts_with('\r'));
            let key = read_text(&(line(n_bytes) + end)).unwrap();
            assert_eq!(key.expose(), "some-key-0001");
            let refused = read_text(&(line(n_bytes + 1) + end)).unwrap_err();
            let text = refused.to_string();
            assert!(text.contains("more than 4096 bytes"), "{end:?}: {text}");
            assert!(
                text.contains("name a file that begins with the key"),
                "{text}"
            );
        }
    }

    #[test]
    fn what_follows_the_key_is_not_read() {
        let long = "ä".repeat(1_000_000);
        let key = read_text(&format!("some-key-0001\n{long}")).unwrap();
        assert_eq!(key.expose(), "some-key-0001");
    }

    #[test]
    fn a_device_without_line_ends_is_refused() {
        let refused = read(Path::new("/dev/zero")).unwrap_err().to_string();
        assert!(refused.contains("more than 4096 bytes"), "{refused}");
    }
}
