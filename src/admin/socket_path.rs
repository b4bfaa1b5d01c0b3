//! A path that fits into the address of a Unix socket.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// Longest path of a Unix socket's address, in bytes: `sun_path` holds 108 with the NUL at its end (unix(7)). Longer
/// ones, which data folders of tests and of deep home folders have, are reached through their open folder.
const ADDRESS_BYTES_MAX: usize = 107;

/// A path to bind or to connect to. Good for as long as this lives.
pub(super) struct SocketPath {
    path: PathBuf,
    /// What the path leads through, where it is a detour.
    _folder: Option<File>,
}

impl SocketPath {
    /// The shortest way to this file, whose folder exists.
    pub(super) fn to(path: &Path) -> io::Result<Self> {
        let (folder, name) = match (path.parent(), path.file_name()) {
            (Some(folder), Some(name)) if path.as_os_str().as_bytes().len() > ADDRESS_BYTES_MAX => {
                (File::open(folder)?, name)
            }
            _ => {
                return Ok(Self {
                    path: path.to_owned(),
                    _folder: None,
                });
            }
        };
        let path = PathBuf::from(format!("/proc/self/fd/{}", folder.as_raw_fd())).join(name);
        Ok(Self {
            path,
            _folder: Some(folder),
        })
    }
}

impl AsRef<Path> for SocketPath {
    fn as_ref(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::{UnixListener, UnixStream};

    use super::*;
    use crate::scratch::Scratch;

    /// A path in a new folder whose name makes it so many bytes long.
    fn of_length(scratch: &Path, n_bytes: usize) -> PathBuf {
        let name = "admin.sock";
        let taken = scratch.as_os_str().as_bytes().len() + name.len() + 2;
        let folder = scratch.join("f".repeat(n_bytes - taken));
        std::fs::create_dir(&folder).unwrap();
        folder.join(name)
    }

    #[test]
    fn a_path_that_fits_is_left_alone_and_one_that_does_not_is_bound_all_the_same() {
        let scratch = Scratch::new("socket");
        for (n_bytes, is_detour) in [
            (ADDRESS_BYTES_MAX, false),
            (ADDRESS_BYTES_MAX + 1, true),
            (250, true),
        ] {
            let path = of_length(scratch.path(), n_bytes);
            assert_eq!(
                UnixListener::bind(&path).is_err(),
                is_detour,
                "the kernel's limit is where we think"
            );
            let _ = std::fs::remove_file(&path);
            let short = SocketPath::to(&path).unwrap();
            assert_eq!(short.as_ref() != path, is_detour);
            let _listener = UnixListener::bind(&short).unwrap();
            assert!(path.exists());
            UnixStream::connect(SocketPath::to(&path).unwrap()).unwrap();
        }
    }
}
