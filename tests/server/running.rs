//! A server that runs on free ports of this machine, and ends with its test.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::scratch::Scratch;

/// Longer than anything here may take on a machine that compiles at the same time.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A command with a folder of its own and none of our variables of whoever runs the tests.
pub(crate) fn freshet(scratch: &Scratch) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_freshet"));
    let ours = std::env::vars()
        .map(|(name, _)| name)
        .filter(|name| name.starts_with("FRESHET_"));
    for name in ours {
        command.env_remove(name);
    }
    command.current_dir(scratch.path());
    command
}

/// Runs a command to its end.
pub(crate) fn run(scratch: &Scratch, arguments: &[&str]) -> Output {
    freshet(scratch).args(arguments).output().unwrap()
}

/// What it said, of a command that succeeded.
pub(crate) fn said(scratch: &Scratch, arguments: &[&str]) -> String {
    let output = run(scratch, arguments);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {complaint}");
    String::from_utf8(output.stdout).unwrap()
}

/// What it complained of, of a command that failed.
pub(crate) fn complaint(scratch: &Scratch, arguments: &[&str]) -> String {
    let output = run(scratch, arguments);
    assert!(!output.status.success(), "{arguments:?} succeeded");
    String::from_utf8(output.stderr).unwrap()
}

pub(crate) struct Running {
    pub(crate) scratch: Scratch,
    child: Child,
    pub(crate) http: SocketAddr,
    pub(crate) https: Option<SocketAddr>,
    pub(crate) addresses: Value,
    /// What it printed for people.
    pub(crate) banner: String,
    log: Arc<Mutex<String>>,
    /// Of the log, and of what it prints after the banner, which belongs to it.
    ended: [Receiver<()>; 2],
}

impl Running {
    /// A server without a configuration.
    pub(crate) fn start() -> Self {
        Self::start_in(Scratch::new(), &[])
    }

    /// A server with this `freshet.toml`; its ports are free ones all the same.
    pub(crate) fn with_config(text: &str) -> Self {
        let scratch = Scratch::new();
        scratch.write("freshet.toml", text);
        Self::start_in(scratch, &[])
    }

    pub(crate) fn start_in(scratch: Scratch, arguments: &[&str]) -> Self {
        let command = freshet(&scratch);
        Self::start_as(command, scratch, arguments)
    }

    /// A server that may have so many files open.
    pub(crate) fn with_file_limit(n_files: u32) -> Self {
        let scratch = Scratch::new();
        // It becomes what it starts, so signals reach the server.
        let mut command = Command::new("prlimit");
        command
            .arg(format!("--nofile={n_files}:{n_files}"))
            .arg(env!("CARGO_BIN_EXE_freshet"));
        command.current_dir(scratch.path());
        Self::start_as(command, scratch, &[])
    }

    /// A server that this command becomes.
    pub(crate) fn start_as(mut command: Command, scratch: Scratch, arguments: &[&str]) -> Self {
        let listen = match arguments.contains(&"--listen") {
            true => &[][..],
            false => &["--listen", "127.0.0.1:0"],
        };
        let mut child = command
            .args(["serve", "--print-addresses"])
            .args(listen)
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let log_ended = collect(child.stderr.take().unwrap(), Arc::clone(&log));
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        lines.read_line(&mut first).unwrap();
        let Ok(addresses) = serde_json::from_str::<Value>(&first) else {
            log_ended.recv_timeout(PATIENCE).unwrap();
            panic!("it did not start: {}", log.lock().unwrap());
        };
        let mut banner = String::new();
        // The banner's last line names the data folder.
        while !banner.contains("\n  data ") {
            assert_ne!(lines.read_line(&mut banner).unwrap(), 0, "{banner}");
        }
        let ended = [log_ended, collect(lines, Arc::clone(&log))];
        let address = |name: &str| addresses[name].as_str().map(|text| text.parse().unwrap());
        let (http, https) = (address("http").unwrap(), address("https"));
        Self {
            scratch,
            child,
            http,
            https,
            addresses,
            banner,
            log,
            ended,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.http)
    }

    pub(crate) fn data(&self, name: &str) -> PathBuf {
        self.scratch.path().join("freshet-data").join(name)
    }

    /// The demo stream's key, from the banner.
    pub(crate) fn demo_key(&self) -> String {
        let (_, rest) = self.banner.split_once("#key=").unwrap();
        rest.lines().next().unwrap().to_owned()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> String {
        said(&self.scratch, arguments)
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal, by name.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.pid().to_string();
        // The shell's own: a small system has no program of this name.
        let status = Command::new("sh")
            .args(["-c", "kill -s \"$0\" \"$1\"", name, &pid])
            .status()
            .unwrap();
        assert!(status.success());
    }

    /// Its log so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits for its end and gives its log, complete.
    pub(crate) fn wait(mut self) -> (ExitStatus, String) {
        for ended in &self.ended {
            ended.recv_timeout(PATIENCE).unwrap();
        }
        let status = self.child.wait().unwrap();
        let log = self.log.lock().unwrap().clone();
        (status, log)
    }

    /// Ends it in order and gives its log.
    pub(crate) fn stop(self) -> String {
        self.signal("TERM");
        let (status, log) = self.wait();
        assert!(status.success(), "{status}: {log}");
        log
    }
}

/// Reads to the end; the receiver hears of it, since the end of the log is the end of the process.
fn collect(
    mut from: impl std::io::Read + Send + 'static,
    into: Arc<Mutex<String>>,
) -> Receiver<()> {
    let (ended, receiver) = sync_channel(1);
    thread::spawn(move || {
        let mut chunk = [0; 4096];
        while let Ok(n @ 1..) = from.read(&mut chunk) {
            into.lock()
                .unwrap()
                .push_str(&String::from_utf8_lossy(&chunk[..n]));
        }
        let _ = ended.send(());
    });
    receiver
}

impl Drop for Running {
    fn drop(&mut self) {
        // A test that failed leaves it running; one that passed has ended it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client for plain requests; HTTPS is looked at by hand.
pub(crate) fn client() -> reqwest::Client {
    // Whoever is first installs it for the process.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(PATIENCE)
        .build()
        .unwrap()
}
