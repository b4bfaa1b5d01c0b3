//! An nginx with a configuration of `deploy/cdn`, whose addresses and folders are the test's.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::time::{Instant, interval};

use crate::running::PATIENCE;
use crate::scratch::Scratch;

/// How often a port is tried that is about to open.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The folder of what is shipped.
const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/cdn");

/// A running nginx. It ends with this value.
pub(crate) struct Nginx {
    child: Child,
    pub(crate) address: SocketAddr,
    /// Its configuration, its cache and its logs.
    pub(crate) scratch: Scratch,
}

/// A port that was free a moment ago: nginx cannot be told to take any.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

impl Nginx {
    /// The shield in front of an origin.
    pub(crate) async fn shield(origin: SocketAddr) -> Self {
        Self::start("shield.conf", |text, address| {
            text.replace("192.0.2.2:8080", &origin.to_string())
                .replace("listen 8081;", &format!("listen {address};"))
                .replace("allow 192.0.2.0/24;", "allow 127.0.0.1;")
        })
        .await
    }

    /// An edge in front of a shield, with the certificate in a folder.
    pub(crate) async fn edge(shield: SocketAddr, certificate: &Path, key: &Path) -> Self {
        Self::start("edge.conf", |text, address| {
            text.replace("192.0.2.1:8081", &shield.to_string())
                .replace("listen 443 ", &format!("listen {address} "))
                .replace(
                    "/etc/nginx/freshet/fullchain.pem",
                    certificate.to_str().unwrap(),
                )
                .replace("/etc/nginx/freshet/privkey.pem", key.to_str().unwrap())
        })
        .await
    }

    async fn start(file: &str, edit: impl Fn(&str, SocketAddr) -> String) -> Self {
        let scratch = Scratch::new();
        let folder = scratch.path().to_str().unwrap().to_owned();
        let address = free_address();
        for name in [file, "paths.conf"] {
            let text = std::fs::read_to_string(Path::new(SHIPPED).join(name)).unwrap();
            let text = edit(&text, address)
                .replace("user www-data;", "")
                .replace("/run/nginx.pid", &format!("{folder}/nginx.pid"))
                .replace("/etc/nginx/freshet", &folder)
                .replace("/var/cache/nginx", &folder)
                .replace("/var/log/nginx", &folder)
                // What a packager compiled in is root's.
                .replace("\nhttp {\n", &format!("\nhttp {{\n{}", temporary(&folder)));
            let mut used = text.lines().filter(|line| !line.starts_with('#'));
            assert!(!used.any(|line| line.contains("192.0.2.")), "{text}");
            scratch.write(name, &text);
        }
        // Its workers would be nobody's, who may not read the test's files.
        let is_root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
        let user = if is_root { " user root;" } else { "" };
        let log = std::fs::File::create(scratch.path().join("stderr")).unwrap();
        let child = Command::new(program())
            .args(["-p", &folder, "-e", "stderr"])
            .args([
                "-c",
                &format!("{folder}/{file}"),
                "-g",
                &format!("daemon off;{user}"),
            ])
            .stdin(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("nginx: {error}: install it (Debian: nginx-light)"));
        let mut nginx = Self {
            child,
            address,
            scratch,
        };
        nginx.until_it_listens().await;
        nginx
    }

    async fn until_it_listens(&mut self) {
        let (began_at, mut looks) = (Instant::now(), interval(LOOK_EVERY));
        while TcpStream::connect(self.address).is_err() {
            let ended = self.child.try_wait().unwrap();
            let complaint = || std::fs::read_to_string(self.scratch.path().join("stderr"));
            assert!(ended.is_none(), "nginx ended: {}", complaint().unwrap());
            assert!(began_at.elapsed() < PATIENCE, "nginx does not listen");
            looks.tick().await;
        }
    }

    /// Ends it, and gives its log of requests.
    pub(crate) fn stop(mut self) -> String {
        self.end();
        std::fs::read_to_string(self.scratch.path().join("freshet.log")).unwrap()
    }

    fn end(&mut self) {
        // Its workers end with the one that was started only if that is asked.
        let pid = self.child.id().to_string();
        let told = Command::new("sh")
            .args(["-c", "kill -s TERM \"$0\"", &pid])
            .status();
        if told.is_ok_and(|status| status.success()) {
            let _ = self.child.wait();
        }
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.end();
        }
    }
}

/// sbin is where Debian keeps it, and a user's PATH leaves that out.
fn program() -> &'static str {
    let debian = "/usr/sbin/nginx";
    if Path::new(debian).exists() {
        debian
    } else {
        "nginx"
    }
}

fn temporary(folder: &str) -> String {
    let kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    kinds
        .map(|kind| format!("    {kind}_temp_path {folder}/{kind};\n"))
        .concat()
}
