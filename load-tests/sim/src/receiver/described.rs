//! What a receiver of Dependency Descriptors follows: the frames that each names, and the chain of the best decode target
//! that it is told to be sent (AV1 RTP payload format, appendix A).

use std::collections::BTreeSet;

use super::bits::BitReader;

#[derive(Clone, Debug, Default)]
struct Template {
    references: Vec<u32>,
    chains: Vec<u32>,
}

#[derive(Debug)]
struct Structure {
    offset: u32,
    n_targets: u32,
    templates: Vec<Template>,
    /// The chain of each decode target.
    protected_by: Vec<u32>,
    n_chains: u32,
}

/// How many frames are remembered.
const MEMORY: usize = 128;

/// What came so far, of frames that come in order.
#[derive(Debug, Default)]
pub(super) struct DescribedFinder {
    structure: Option<Structure>,
    /// Bit n: decode target n is sent.
    active: u32,
    frame: Option<u64>,
    came: BTreeSet<u64>,
}

impl DescribedFinder {
    pub(super) fn can_follow(&mut self, bytes: &[u8]) -> bool {
        self.find(bytes).unwrap_or(false)
    }

    /// `None`: the descriptor is malformed.
    fn find(&mut self, bytes: &[u8]) -> Option<bool> {
        let mut bits = BitReader::new(bytes);
        bits.number(2)?;
        let template = bits.number(6)?;
        let number = u64::from(bits.number(16)?);
        let frame = match self.frame {
            Some(last) => last + (number.wrapping_sub(last) & 0xffff),
            None => number,
        };
        self.frame = Some(frame);
        let flags = if bytes.len() > 3 { bits.number(5)? } else { 0 };
        if flags & 0b1_0000 != 0 {
            let structure = Structure::read(&mut bits)?;
            self.active = (0..structure.n_targets).fold(0, |mask, n| mask | 1 << n);
            self.structure = Some(structure);
            self.came.clear();
        }
        let structure = self.structure.as_ref()?;
        if flags & 0b0_1000 != 0 {
            let mask = bits.number(structure.n_targets)?;
            self.active = mask;
        }
        let template = template.wrapping_sub(structure.offset) & 0x3f;
        let template = structure.templates.get(template as usize)?;
        let mut references = template.references.clone();
        let mut chains = template.chains.clone();
        if flags & 0b0_0100 != 0 {
            bits.number(2 * structure.n_targets)?;
        }
        if flags & 0b0_0010 != 0 {
            references = read_references(&mut bits)?;
        }
        if flags & 0b0_0001 != 0 {
            let own = (0..structure.n_chains).map(|_| bits.number(8));
            chains = own.collect::<Option<_>>()?;
        }
        let came = |back: u32| {
            let before = frame.checked_sub(u64::from(back));
            before.is_some_and(|before| self.came.contains(&before))
        };
        let best = 31_u32.checked_sub(self.active.leading_zeros());
        let chain = best.and_then(|best| structure.protected_by.get(best as usize));
        let chain = chain.and_then(|chain| chains.get(*chain as usize));
        // No way back: the chain begins here.
        let is_whole = chain.is_none_or(|back| *back == 0 || came(*back));
        let follows = is_whole && references.iter().all(|back| came(*back));
        if follows {
            self.came.insert(frame);
        }
        while self.came.len() > MEMORY {
            self.came.pop_first();
        }
        Some(follows)
    }
}

/// References of the frame's own, in one to three groups of four bits.
fn read_references(bits: &mut BitReader<'_>) -> Option<Vec<u32>> {
    let mut references = Vec::new();
    loop {
        match bits.number(2)? {
            0 => return Some(references),
            size => references.push(bits.number(4 * size)? + 1),
        }
    }
}

impl Structure {
    fn read(bits: &mut BitReader<'_>) -> Option<Self> {
        let offset = bits.number(6)?;
        let n_targets = bits.number(5)? + 1;
        let mut spatial = 0_usize;
        let mut templates = vec![Template::default()];
        loop {
            match bits.number(2)? {
                3 => break,
                step => spatial += usize::from(step == 2),
            }
            templates.push(Template::default());
        }
        for _ in &templates {
            for _ in 0..n_targets {
                bits.number(2)?;
            }
        }
        for template in &mut templates {
            while bits.flag()? {
                template.references.push(bits.number(4)? + 1);
            }
        }
        let n_chains = bits.below(n_targets + 1)?;
        let mut protected_by = Vec::new();
        if n_chains > 0 {
            for _ in 0..n_targets {
                protected_by.push(bits.below(n_chains)?);
            }
            for template in &mut templates {
                for _ in 0..n_chains {
                    template.chains.push(bits.number(4)?);
                }
            }
        }
        if bits.flag()? {
            for _ in 0..=spatial {
                bits.number(32)?;
            }
        }
        Some(Self {
            offset,
            n_targets,
            templates,
            protected_by,
            n_chains,
        })
    }
}
