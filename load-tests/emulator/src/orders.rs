//! What the operator says while the emulator runs: a line of its input is an order.

use std::io::{self, BufRead};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread;

use clap::Parser;
use mio::Waker;

use crate::path::Path;

/// How many lines may wait. Who writes more waits: the emulator reads no further until it has obeyed.
const WAITING_MAX: usize = 16;

/// An order.
#[derive(Debug)]
pub enum Order {
    /// The path becomes another.
    Change(Path),
    /// Tell what became of the packets so far.
    Tell,
}

/// A line that changes the path: the options of the command line.
#[derive(Debug, Parser)]
#[command(no_binary_name = true, disable_help_flag = true)]
struct Line {
    #[command(flatten)]
    path: Path,
}

impl Order {
    /// The order in a line, or why there is none in it.
    pub fn parse(line: &str) -> Result<Self, String> {
        if line.trim() == "statistics" {
            return Ok(Self::Tell);
        }
        let parsed = Line::try_parse_from(line.split_whitespace());
        let first_line = |error: clap::Error| {
            let text = error.to_string();
            text.lines().next().unwrap_or_default().to_owned()
        };
        parsed
            .map(|line| Self::Change(line.path))
            .map_err(first_line)
    }
}

/// Lines that wait to be obeyed.
#[derive(Debug)]
pub struct Orders {
    lines: Receiver<String>,
}

impl Orders {
    /// Reads the process's input from here on, and wakes who waits with each line and at its end.
    pub fn of_input(waker: Waker) -> Self {
        let (sender, lines) = sync_channel(WAITING_MAX);
        thread::spawn(move || {
            read(io::stdin().lock(), sender, &waker);
            // Only with the sender gone can the end be seen, and a waker that fails finds nobody waiting.
            let _ = waker.wake();
        });
        Self { lines }
    }

    /// The next line, if there is one; an error at the end of the input.
    pub fn poll(&self) -> Result<Option<String>, InputEnded> {
        match self.lines.try_recv() {
            Ok(line) => Ok(Some(line)),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(InputEnded),
        }
    }
}

/// The input has ended, and so does the emulator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputEnded;

fn read(input: impl BufRead, sender: SyncSender<String>, waker: &Waker) {
    for line in input.lines() {
        let Ok(line) = line else { return };
        if sender.send(line).is_err() || waker.wake().is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use freshet_sim::network::Direction;

    use super::*;

    #[test]
    fn a_line_is_a_path_or_a_question() {
        assert!(matches!(Order::parse(" statistics "), Ok(Order::Tell)));
        let Ok(Order::Change(path)) = Order::parse("--profile cut --ways down") else {
            panic!("it is a path");
        };
        assert!(path.conditions().is_cut);
        assert_eq!(path.directions(), [Direction::Down]);
    }

    #[test]
    fn a_line_that_is_neither_says_why_in_one_line() {
        for line in ["cut", "--profile perfect", "--loss many", "--help"] {
            let why = Order::parse(line).expect_err("it is no order");
            assert!(why.starts_with("error: "), "{why}");
        }
    }
}
