//! Inputs from seeds: small changes of the kind that break parsers, from a generator whose seed is printed.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// Most changes to one input.
const CHANGES_MAX: usize = 8;

/// Most bytes of an input: a little more than the largest body that is read.
const INPUT_BYTES_MAX: usize = 96 * 1024;

/// Numbers at which comparisons turn.
const EDGES: [u8; 10] = [0, 1, 0x0a, 0x0d, 0x20, 0x3d, 0x7f, 0x80, 0xfe, 0xff];

/// Text that parsers look for.
const WORDS: [&str; 33] = [
    "\r\n",
    "\0",
    ":",
    " ",
    "=",
    ".",
    "-1",
    "65536",
    "4294967296",
    "a=mid:",
    "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n",
    "a=candidate:",
    "a=fingerprint:sha-256 ",
    "a=group:BUNDLE ",
    "a=rtpmap:",
    "a=fmtp:96 apt=",
    "a=simulcast:send ",
    "a=rid:",
    "\u{feff}",
    "\u{e4}",
    "\n----\n",
    "{player}",
    "{publisher}",
    "[[",
    "{\"",
    "null",
    "_HLS_msn=",
    "_HLS_part=",
    "/live.m3u8?",
    "\nrange: bytes=",
    "\nWAIT\n----\n",
    ".a00000000-32",
    "\0\0\u{3}",
];

/// Makes inputs.
#[derive(Debug)]
pub struct Mutator {
    random: StdRng,
}

impl Mutator {
    /// The same seed makes the same inputs.
    pub fn new(seed: u64) -> Self {
        Self {
            random: StdRng::seed_from_u64(seed),
        }
    }

    /// One seed of the corpus, changed in a few places.
    pub fn next(&mut self, corpus: &[Vec<u8>]) -> Vec<u8> {
        let mut input = self.pick(corpus).cloned().unwrap_or_default();
        for _ in 0..self.random.random_range(1..=CHANGES_MAX) {
            self.change(&mut input, corpus);
            input.truncate(INPUT_BYTES_MAX);
        }
        input
    }

    fn change(&mut self, input: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        let at = self.random.random_range(0..=input.len());
        match self.random.random_range(0..9) {
            0 => self.flip_bit(input, at),
            1 => {
                let edge = self.pick(&EDGES).copied();
                self.overwrite(input, at, edge.as_slice());
            }
            2 => {
                let random: [u8; 4] = self.random.random();
                self.overwrite(input, at, &random);
            }
            3 => input.truncate(at),
            4 => {
                let end = self.end_after(at, input.len());
                input.drain(at..end);
            }
            5 => {
                let end = self.end_after(at, input.len());
                let copied: Vec<u8> = input.drain(at..end).collect();
                insert(input, at, &copied.repeat(2));
            }
            6 => {
                let word = self.pick(&WORDS).copied().unwrap_or_default();
                insert(input, at, word.as_bytes());
            }
            7 => {
                let other = self.pick(corpus).cloned().unwrap_or_default();
                let from = self.random.random_range(0..=other.len());
                let end = self.end_after(from, other.len());
                insert(input, at, other.get(from..end).unwrap_or_default());
            }
            _ => {
                let edge = self.pick(&EDGES).copied().unwrap_or_default();
                let n = self.random.random_range(1..64);
                insert(input, at, &vec![edge; n]);
            }
        }
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let index = self.random.random_range(0..from.len().max(1));
        from.get(index)
    }

    fn end_after(&mut self, start: usize, length: usize) -> usize {
        let longest = (length - start).min(256);
        start + self.random.random_range(0..=longest)
    }

    fn flip_bit(&mut self, input: &mut [u8], at: usize) {
        let bit = 1 << self.random.random_range(0..8_u8);
        if let Some(byte) = input.get_mut(at) {
            *byte ^= bit;
        }
    }

    fn overwrite(&self, input: &mut [u8], at: usize, with: &[u8]) {
        let place = input.iter_mut().skip(at);
        for (byte, new) in place.zip(with) {
            *byte = *new;
        }
    }
}

fn insert(input: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    let tail = input.split_off(at);
    input.extend_from_slice(bytes);
    input.extend(tail);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_makes_the_same_inputs_and_they_vary() {
        let corpus = [b"v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\n".to_vec(), Vec::new()];
        let inputs = |seed| {
            let mut mutator = Mutator::new(seed);
            (0..500).map(|_| mutator.next(&corpus)).collect::<Vec<_>>()
        };
        assert_eq!(inputs(1), inputs(1));
        assert_ne!(inputs(1), inputs(2));
        let mut distinct = inputs(1);
        distinct.sort_unstable();
        distinct.dedup();
        assert!(
            distinct.len() > 300,
            "{} of 500 are distinct",
            distinct.len()
        );
    }
}
