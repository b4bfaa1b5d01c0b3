//! What a process has used, as the kernel counts it.

use std::fs;
use std::io;
use std::ops::Add;
use std::time::Duration;

/// What threads got of the CPUs, and what they did not get.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scheduled {
    /// Time on a CPU.
    pub ran: Duration,
    /// Time ready to run, and waiting for a CPU: much of it means that the machine was busy with something else, and that
    /// timings are the machine's.
    pub waited: Duration,
}

impl Scheduled {
    /// Reads a `schedstat`: nanoseconds on a CPU, nanoseconds waiting for one, and a count.
    fn parse(schedstat: &str) -> io::Result<Self> {
        let mut numbers = schedstat.split(' ').map(str::parse);
        match (numbers.next(), numbers.next()) {
            (Some(Ok(ran)), Some(Ok(waited))) => Ok(Self {
                ran: Duration::from_nanos(ran),
                waited: Duration::from_nanos(waited),
            }),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    /// What came since an earlier look.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self {
            ran: self.ran.saturating_sub(earlier.ran),
            waited: self.waited.saturating_sub(earlier.waited),
        }
    }
}

impl Add for Scheduled {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            ran: self.ran + other.ran,
            waited: self.waited + other.waited,
        }
    }
}

/// What the thread that asks got of the CPUs.
pub fn this_thread() -> io::Result<Scheduled> {
    Scheduled::parse(&fs::read_to_string("/proc/thread-self/schedstat")?)
}

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

    /// What its threads that live got of the CPUs. `schedstat` counts nanoseconds; `utime` and `stime` count ticks, and a thread
    /// that always sleeps before the tick seems to use none.
    pub fn scheduled(&self) -> io::Result<Scheduled> {
        let mut total = Scheduled::default();
        for task in fs::read_dir(format!("/proc/{}/task", self.pid))? {
            match fs::read_to_string(task?.path().join("schedstat")) {
                Ok(text) => total = total + Scheduled::parse(&text)?,
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
        let before = this.scheduled().unwrap().ran;
        let mut sum = 0_u64;
        while this.scheduled().unwrap().ran < before + Duration::from_millis(5) {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(this.resident_bytes().unwrap() > 100_000);
    }

    #[test]
    fn threads_that_end_meanwhile_are_no_error() {
        let this = Process::new(std::process::id());
        for _ in 0..200 {
            let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(|| ())).collect();
            this.scheduled().unwrap();
            for thread in threads {
                thread.join().unwrap();
            }
        }
    }

    #[test]
    fn the_files_are_read_as_the_kernel_writes_them() {
        let expected = Scheduled {
            ran: Duration::from_nanos(1_234_567),
            waited: Duration::from_nanos(89),
        };
        assert_eq!(Scheduled::parse("1234567 89 3\n").unwrap(), expected);
        assert!(Scheduled::parse("1234567").is_err());
        let status = "Name:\tfreshet\nVmRSS:\t   2048 kB\n";
        assert_eq!(resident_bytes(status), Some(2_048 * 1_024));
        assert_eq!(resident_bytes("Name:\tkthread\n"), None);
    }
}
