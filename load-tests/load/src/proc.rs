//! What a process has used, as the kernel counts it.

use std::fs;
use std::io;
use std::time::Duration;

/// The files of a process under `/proc`.
#[derive(Clone, Copy, Debug)]
pub struct Process {
    pid: u32,
}

impl Process {
    /// The process with this number.
    pub const fn new(pid: u32) -> Self {
        Self { pid }
    }

    /// CPU time of its threads that live. `schedstat` counts nanoseconds; `utime` and `stime` count ticks, and a thread
    /// that always sleeps before the tick seems to use none.
    pub fn cpu_time(&self) -> io::Result<Duration> {
        let mut total = Duration::ZERO;
        for task in fs::read_dir(format!("/proc/{}/task", self.pid))? {
            match fs::read_to_string(task?.path().join("schedstat")) {
                Ok(text) => total += on_cpu(&text)?,
                Err(error) if is_of_an_ended_thread(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(total)
    }

    /// Memory that is in RAM, in bytes.
    pub fn resident_bytes(&self) -> io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid))?;
        resident_bytes(&status).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }
}

/// "No such process", which has no kind of its own.
const ESRCH: i32 = 3;

/// A thread that ends while the folder is read: before its file is opened, or after.
fn is_of_an_ended_thread(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(ESRCH)
}

/// The first number of `schedstat`: nanoseconds on a CPU.
fn on_cpu(schedstat: &str) -> io::Result<Duration> {
    let nanos = schedstat.split(' ').next().and_then(|n| n.parse().ok());
    nanos
        .map(Duration::from_nanos)
        .ok_or_else(|| io::ErrorKind::InvalidData.into())
}

fn resident_bytes(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_counts_our_own_work() {
        let this = Process::new(std::process::id());
        let before = this.cpu_time().unwrap();
        let mut sum = 0_u64;
        while this.cpu_time().unwrap() < before + Duration::from_millis(5) {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(this.resident_bytes().unwrap() > 100_000);
    }

    #[test]
    fn threads_that_end_meanwhile_are_no_error() {
        let this = Process::new(std::process::id());
        for _ in 0..200 {
            let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(|| ())).collect();
            this.cpu_time().unwrap();
            for thread in threads {
                thread.join().unwrap();
            }
        }
    }

    #[test]
    fn the_files_are_read_as_the_kernel_writes_them() {
        assert_eq!(
            on_cpu("1234567 89 3\n").unwrap(),
            Duration::from_nanos(1_234_567)
        );
        assert!(on_cpu("x").is_err());
        let status = "Name:\tfreshet\nVmRSS:\t   2048 kB\n";
        assert_eq!(resident_bytes(status), Some(2_048 * 1_024));
        assert_eq!(resident_bytes("Name:\tkthread\n"), None);
    }
}
