//! Threads that stay on one CPU, so that what one does is not paid for by another.

use std::io;

use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;

/// One of the machine's CPUs, numbered as the kernel does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cpu(pub usize);

impl Cpu {
    /// Keeps the thread that calls it on this CPU.
    pub fn hold_this_thread(self) -> io::Result<()> {
        let mut set = CpuSet::new();
        set.set(self.0)?;
        // Pid 0 is the thread that calls.
        Ok(sched_setaffinity(Pid::from_raw(0), &set)?)
    }
}

#[cfg(test)]
mod tests {
    use nix::sched::sched_getaffinity;

    use super::*;

    #[test]
    fn a_thread_that_is_held_may_run_nowhere_else() {
        let allowed = sched_getaffinity(Pid::from_raw(0)).unwrap();
        let last = (0..CpuSet::count())
            .rfind(|cpu| allowed.is_set(*cpu).unwrap())
            .unwrap();
        let held = std::thread::spawn(move || {
            Cpu(last).hold_this_thread().unwrap();
            sched_getaffinity(Pid::from_raw(0)).unwrap()
        });
        let held = held.join().unwrap();
        let cpus: Vec<usize> = (0..CpuSet::count())
            .filter(|cpu| held.is_set(*cpu).unwrap())
            .collect();
        assert_eq!(cpus, [last]);
    }

    #[test]
    fn a_cpu_that_no_machine_has_is_an_error() {
        assert!(Cpu(CpuSet::count()).hold_this_thread().is_err());
    }
}
