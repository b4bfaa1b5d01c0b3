//! A worker process by itself, for whoever supervises workers without being one.

use std::process::ExitCode;

fn main() -> ExitCode {
    bridge_transcode::worker::main()
}
