//! Descriptors as an encoder writes them, for tests: structures of full SVC, and of key-picture SVC.

use std::sync::Arc;

use sfu_model::dependency::DescriptorBytes;

/// Writes bits, most significant first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Writer {
    bits: Vec<bool>,
}

impl Writer {
    pub(crate) fn put(&mut self, value: u32, n: u32) {
        for bit in (0..n).rev() {
            self.bits.push(value.checked_shr(bit).unwrap_or(0) & 1 == 1);
        }
    }

    /// A number below `n`.
    fn put_below(&mut self, value: u32, n: u32) {
        if n <= 1 {
            return;
        }
        let width = 32 - n.leading_zeros();
        let n_short = (1 << width) - n;
        if value < n_short {
            self.put(value, width - 1);
        } else {
            self.put(value + n_short, width);
        }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let byte = |bits: &[bool]| {
            let value = bits
                .iter()
                .fold(0, |byte, bit| (byte << 1) | u8::from(*bit));
            value << (8 - bits.len())
        };
        self.bits.chunks(8).map(byte).collect()
    }
}

/// `LnTm` or `LnTm_KEY` of webrtc-svc, with up to three temporal layers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mode {
    pub(crate) spatial: u8,
    pub(crate) temporal: u8,
    /// Spatial layers depend on each other in keyframes only.
    pub(crate) is_key_only: bool,
    pub(crate) template_id_offset: u8,
}

/// The frames of one spatial layer: a keyframe's, then T0, T1, T2.
const TEMPLATES_PER_LAYER: u8 = 4;

impl Mode {
    pub(crate) const fn new(spatial: u8, temporal: u8) -> Self {
        Self {
            spatial,
            temporal,
            is_key_only: false,
            template_id_offset: 0,
        }
    }

    pub(crate) const fn key_only(self) -> Self {
        Self {
            is_key_only: true,
            ..self
        }
    }

    pub(crate) fn n_targets(self) -> u8 {
        self.spatial * self.temporal
    }

    fn template_temporal(self) -> impl Iterator<Item = (u8, bool)> {
        let deltas = (0..self.temporal).map(|t| (t, false));
        std::iter::once((0, true)).chain(deltas)
    }

    /// What a frame is to the target of this layer, as two bits.
    fn indication(self, (spatial, temporal, is_key): (u8, u8, bool), target: (u8, u8)) -> u32 {
        let (s, t) = target;
        let is_present = temporal <= t
            && if self.is_key_only && !is_key {
                spatial == s
            } else {
                spatial <= s
            };
        match (is_present, temporal) {
            (false, _) => 0,
            // What is above it needs more than this frame to begin.
            (true, _) if spatial < s && !is_key => 3,
            (true, 0) => 2,
            (true, _) if temporal < t => 2,
            (true, _) => 1,
        }
    }

    /// How many frames back those are that a frame refers to: pictures come as 0, 2, 1, 2.
    fn references(self, spatial: u8, temporal: u8, is_key: bool) -> Vec<u32> {
        let pictures = match (is_key, temporal, self.temporal) {
            (true, ..) => 0,
            (false, _, 1) | (false, 2, _) | (false, 1, 2) => 1,
            (false, 0, 2) | (false, 1, _) => 2,
            (false, ..) => 4,
        };
        let mut references = Vec::new();
        if pictures > 0 {
            references.push(pictures * u32::from(self.spatial));
        }
        if spatial > 0 && (is_key || !self.is_key_only) {
            references.push(1);
        }
        references
    }

    /// The template of a frame.
    pub(crate) fn template(self, spatial: u8, temporal: u8, is_key: bool) -> u8 {
        let inside = if is_key { 0 } else { 1 + temporal };
        let per_layer = (self.temporal + 1).min(TEMPLATES_PER_LAYER);
        (self.template_id_offset + spatial * per_layer + inside) & 0x3f
    }

    pub(crate) fn write_structure(self, writer: &mut Writer) {
        writer.put(u32::from(self.template_id_offset), 6);
        writer.put(u32::from(self.n_targets()) - 1, 5);
        let templates: Vec<(u8, u8, bool)> = (0..self.spatial)
            .flat_map(|s| self.template_temporal().map(move |(t, key)| (s, t, key)))
            .collect();
        for pair in templates.windows(2) {
            let idc = match (pair[0], pair[1]) {
                ((a, ..), (b, ..)) if a != b => 2,
                ((_, a, _), (_, b, _)) if a != b => 1,
                _ => 0,
            };
            writer.put(idc, 2);
        }
        writer.put(3, 2);
        for template in &templates {
            for s in 0..self.spatial {
                for t in 0..self.temporal {
                    writer.put(self.indication(*template, (s, t)), 2);
                }
            }
        }
        for (spatial, temporal, is_key) in &templates {
            for difference in self.references(*spatial, *temporal, *is_key) {
                writer.put(1, 1);
                writer.put(difference - 1, 4);
            }
            writer.put(0, 1);
        }
        self.write_chains(writer, templates.len());
        writer.put(1, 1);
        for s in 0..u32::from(self.spatial) {
            writer.put((320 << s) - 1, 16);
            writer.put((180 << s) - 1, 16);
        }
    }

    /// One chain for each spatial layer. The differences are not read by anybody here.
    fn write_chains(self, writer: &mut Writer, n_templates: usize) {
        let n_chains = u32::from(self.spatial);
        writer.put_below(n_chains, u32::from(self.n_targets()) + 1);
        for s in 0..n_chains {
            for _ in 0..self.temporal {
                writer.put_below(s, n_chains);
            }
        }
        for _ in 0..n_templates {
            for _ in 0..n_chains {
                writer.put(5, 4);
            }
        }
    }
}

/// One packet of a frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FrameScript {
    pub(crate) begins: bool,
    pub(crate) ends: bool,
    pub(crate) template: u8,
    pub(crate) number: u16,
}

impl FrameScript {
    /// The descriptor, with a structure where one is given, and a mask.
    pub(crate) fn write(self, structure: Option<Mode>, mask: Option<(u32, u8)>) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.put(u32::from(self.begins), 1);
        writer.put(u32::from(self.ends), 1);
        writer.put(u32::from(self.template), 6);
        writer.put(u32::from(self.number), 16);
        if structure.is_some() || mask.is_some() {
            writer.put(u32::from(structure.is_some()), 1);
            writer.put(u32::from(mask.is_some()), 1);
            writer.put(0, 3);
            if let Some(mode) = structure {
                mode.write_structure(&mut writer);
            }
            if let Some((mask, n_targets)) = mask {
                writer.put(mask, u32::from(n_targets));
            }
        }
        writer.bytes()
    }

    pub(crate) fn shared(self, structure: Option<Mode>) -> Arc<DescriptorBytes> {
        Arc::new(DescriptorBytes(self.write(structure, None)))
    }
}
