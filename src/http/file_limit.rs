//! How many files, and so connections, the operating system lets this process have.

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tracing::warn;

/// HTTP may use one file descriptor in two: the other half is for media over TCP, files and the workers' sockets.
const HTTP_SHARE: u64 = 2;

/// Raises the soft limit of open files to the hard one. Shells give 1,024, which was for programs that use `select`.
pub(crate) fn raise() {
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
        && soft < hard
        && let Err(error) = setrlimit(Resource::RLIMIT_NOFILE, hard, hard)
    {
        warn!(%error, "cannot raise the limit of open files");
    }
}

/// As many connections as were asked for, or as many as there are file descriptors for: past it the gate answers 503,
/// where `accept` would only fail.
pub(crate) fn connections(wanted: usize) -> usize {
    let Ok((soft, _)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return wanted;
    };
    let possible = usize::try_from(soft / HTTP_SHARE)
        .unwrap_or(usize::MAX)
        .max(1);
    if possible < wanted {
        warn!(
            possible,
            wanted, "the limit of open files allows fewer connections than [limits]"
        );
    }
    wanted.min(possible)
}
