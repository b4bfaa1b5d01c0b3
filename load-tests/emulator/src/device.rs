//! The ends of the wire: a TUN device here, and one in a namespace that is made for it.

use std::io::{self, ErrorKind};
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, RawFd};
use std::process::Command;

use nix::sched::{CloneFlags, unshare};
use thiserror::Error;
use tun_rs::{DeviceBuilder, SyncDevice};

/// The address of this namespace's end: servers listen there. Private (RFC 1918), and beside the one that
/// scripts/in_namespace.sh gives.
pub const NEAR_ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 87, 0, 1);
/// The address of the other end.
pub const FAR_ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 87, 0, 2);

/// The largest packet of Ethernet, which browsers assume: the wire carries no larger one.
pub const MTU_BYTES: usize = 1_500;

/// Why there is no wire. The person who started the emulator must act.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// No TUN device.
    #[error(
        "no TUN device (it takes root, or a user namespace of one's own, and /dev/net/tun): {0}"
    )]
    Device(#[source] io::Error),
    /// No namespace.
    #[error("no network namespace (it takes root, or a user namespace of one's own): {0}")]
    Namespace(#[source] nix::Error),
    /// iproute2 is missing.
    #[error("`ip` could not be started (iproute2): {0}")]
    NoIp(#[source] io::Error),
    /// iproute2 refused.
    #[error("`ip {0}` failed: {1}")]
    Ip(String, String),
}

/// One end.
pub struct End {
    device: SyncDevice,
}

impl End {
    /// The end in the namespace that the caller is in.
    pub fn near() -> Result<Self, DeviceError> {
        let device = open("near")?;
        ip(&format!(
            "address add {NEAR_ADDRESS} peer {FAR_ADDRESS} dev near"
        ))?;
        Ok(Self { device })
    }

    /// The end in a new namespace, in which the calling thread is from here on; what it does with the near end still
    /// happens where that is. Everything that is sent anywhere from the new namespace enters the wire.
    pub fn far() -> Result<Self, DeviceError> {
        unshare(CloneFlags::CLONE_NEWNET).map_err(DeviceError::Namespace)?;
        ip("link set lo up")?;
        let device = open("far")?;
        ip(&format!(
            "address add {FAR_ADDRESS} peer {NEAR_ADDRESS} dev far"
        ))?;
        ip("route add default dev far")?;
        Ok(Self { device })
    }

    /// The next packet that the kernel sent to this end; its size, or `None` when there is none.
    pub fn receive(&self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        match self.device.recv(buffer) {
            Ok(n_bytes) => Ok(Some(n_bytes)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Gives a packet to the kernel; false when it does not take it.
    pub fn send(&self, packet: &[u8]) -> bool {
        self.device.send(packet).is_ok()
    }
}

impl AsRawFd for End {
    fn as_raw_fd(&self) -> RawFd {
        self.device.as_raw_fd()
    }
}

fn open(name: &str) -> Result<SyncDevice, DeviceError> {
    let device = DeviceBuilder::new().name(name).build_sync();
    let device = device.map_err(DeviceError::Device)?;
    device.set_nonblocking(true).map_err(DeviceError::Device)?;
    ip(&format!("link set {name} mtu {MTU_BYTES} up"))?;
    Ok(device)
}

/// Runs iproute2 in the namespace that the calling thread is in.
fn ip(arguments: &str) -> Result<(), DeviceError> {
    let output = Command::new("ip")
        .args(arguments.split(' '))
        .output()
        .map_err(DeviceError::NoIp)?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(DeviceError::Ip(arguments.to_owned(), said))
}
