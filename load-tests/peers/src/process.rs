//! A server's process, on a CPU of its own.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// The CPU that servers run on; the load has another.
pub const SERVER_CPU: &str = "0";

/// A folder for a server's files, which goes with it.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// An empty folder, named after the process that makes it.
    pub fn new(name: &str) -> io::Result<Self> {
        let path = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes one of its files.
    pub fn write(&self, file: &str, text: &str) -> io::Result<()> {
        std::fs::write(self.0.join(file), text)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What stays is in the system's folder of temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A process that ends when it is dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
}

impl Server {
    /// Starts a program on the servers' CPU. `taskset` becomes the program, so that the process is the program's.
    pub fn start(program: &Path, arguments: &[&str], output: Stdio) -> io::Result<Self> {
        let child = Command::new("taskset")
            .args(["--cpu-list", SERVER_CPU])
            .arg(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(output)
            .spawn()?;
        Ok(Self { child })
    }

    /// Its number.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it prints, if that was asked for.
    pub fn output(&mut self) -> Option<std::process::ChildStdout> {
        self.child.stdout.take()
    }

    /// True when it has ended by itself.
    pub fn has_ended(&mut self) -> io::Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Ok(pid) = i32::try_from(self.child.id()) {
            // It may have ended already; then there is nobody to be told.
            let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
        }
        let _ = self.child.wait();
    }
}
