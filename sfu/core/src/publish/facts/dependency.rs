//! The Dependency Descriptor (AV1 RTP payload format, appendix A.4): a header extension that places frames of any codec.

use std::sync::Arc;

use sfu_model::dependency::{
    DECODE_TARGETS_MAX, DependencyStructure, Descriptor, DescriptorBytes, FrameDependencies,
    Indications, References, Template, bit,
};
use sfu_model::layer::Layer;
use sfu_model::packet::{Dimensions, LayerSizes};

use super::bits::Bits;

/// Most templates: their ids have six bits.
const TEMPLATES_MAX: usize = 64;
/// A descriptor as short as this has the mandatory fields only.
const MANDATORY_BYTES: usize = 3;
/// The mandatory fields and the five flags after them, which stand before a structure.
const BITS_BEFORE_STRUCTURE: usize = 29;

/// What the descriptors of one encoding have told so far: a structure holds until the next one comes.
#[derive(Debug, Default)]
pub(crate) struct DependencyReader {
    structure: Option<Arc<DependencyStructure>>,
    active_targets: u32,
}

/// What one descriptor says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) descriptor: Descriptor,
    /// The sizes of the spatial layers, where a structure tells them.
    pub(crate) sizes: LayerSizes,
}

/// The flags of the extended fields.
#[derive(Clone, Copy, Default)]
struct Flags {
    has_structure: bool,
    has_mask: bool,
    has_indications: bool,
    has_references: bool,
    has_chains: bool,
}

impl DependencyReader {
    /// Reads one descriptor; `None` when it is malformed, and then nothing is remembered of it.
    pub(crate) fn read(&mut self, bytes: Arc<DescriptorBytes>) -> Option<Reading> {
        let mut bits = Bits::new(&bytes.0);
        let begins_frame = bits.bit()?;
        let ends_frame = bits.bit()?;
        let template_id = u8::try_from(bits.number(6)?).ok()?;
        let frame_number = u16::try_from(bits.number(16)?).ok()?;
        let flags = if bytes.0.len() > MANDATORY_BYTES {
            Flags::read(&mut bits)?
        } else {
            Flags::default()
        };
        let mut sizes = LayerSizes::default();
        let mut structure_bits = None;
        let mut structure = self.structure.clone();
        let mut active_targets = self.active_targets;
        if flags.has_structure {
            let read = read_structure(&mut bits)?;
            structure_bits = u16::try_from(bits.position() - BITS_BEFORE_STRUCTURE).ok();
            active_targets = all_targets(read.0.targets.len());
            structure = Some(Arc::new(read.0));
            sizes = read.1;
        }
        let frame = match structure {
            None => None,
            Some(structure) => {
                if flags.has_mask {
                    active_targets = bits.number(u32::try_from(structure.targets.len()).ok()?)?;
                }
                let frame = read_frame(&mut bits, template_id, flags, &structure)?;
                self.structure = Some(Arc::clone(&structure));
                self.active_targets = active_targets;
                frame.map(|template| FrameDependencies {
                    structure,
                    layer: template.layer,
                    indications: template.indications,
                    references: template.references,
                    active_targets,
                })
            }
        };
        let descriptor = Descriptor {
            bytes,
            begins_frame,
            ends_frame,
            frame_number,
            structure_bits,
            has_mask: flags.has_mask,
            frame,
        };
        Some(Reading { descriptor, sizes })
    }
}

impl Flags {
    fn read(bits: &mut Bits<'_>) -> Option<Self> {
        Some(Self {
            has_structure: bits.bit()?,
            has_mask: bits.bit()?,
            has_indications: bits.bit()?,
            has_references: bits.bit()?,
            has_chains: bits.bit()?,
        })
    }
}

/// One bit for each decode target.
fn all_targets(n: usize) -> u32 {
    (0..n.min(DECODE_TARGETS_MAX)).fold(0, |mask, n| mask | (1 << n))
}

fn read_structure(bits: &mut Bits<'_>) -> Option<(DependencyStructure, LayerSizes)> {
    let template_id_offset = u8::try_from(bits.number(6)?).ok()?;
    let n_targets = usize::try_from(bits.number(5)?).ok()? + 1;
    let layers = read_layers(bits)?;
    let mut templates = Vec::with_capacity(layers.len());
    for layer in layers {
        templates.push(Template {
            layer,
            indications: read_indications(bits, n_targets)?,
            references: References::default(),
        });
    }
    for template in &mut templates {
        while bits.bit()? {
            let difference = u16::try_from(bits.number(4)?).ok()? + 1;
            template.references.push(difference).then_some(())?;
        }
    }
    let n_chains = skip_chains(bits, n_targets, templates.len())?;
    let sizes = if bits.bit()? {
        let highest = templates.iter().map(|t| t.layer.spatial).max()?;
        read_resolutions(bits, highest)?
    } else {
        LayerSizes::default()
    };
    let targets = (0..n_targets).map(|n| target_layer(&templates, n));
    let structure = DependencyStructure {
        template_id_offset,
        targets: targets.collect(),
        included: (0..n_targets)
            .map(|of| included_targets(&templates, of, n_targets))
            .collect(),
        templates,
        n_chains,
    };
    Some((structure, sizes))
}

/// template_layers(): each template is in the layer of the one before it, or in the next. Layers that nobody has are
/// malformed.
fn read_layers(bits: &mut Bits<'_>) -> Option<Vec<Layer>> {
    let mut layers = Vec::new();
    let mut layer = Layer::default();
    loop {
        if layers.len() == TEMPLATES_MAX {
            return None;
        }
        layers.push(layer);
        layer = match bits.number(2)? {
            0 => layer,
            1 => Layer::new(layer.spatial, layer.temporal + 1)?,
            2 => Layer::new(layer.spatial + 1, 0)?,
            _ => return Some(layers),
        };
    }
}

fn read_indications(bits: &mut Bits<'_>, n_targets: usize) -> Option<Indications> {
    let mut indications = 0;
    for target in 0..n_targets.min(DECODE_TARGETS_MAX) {
        indications |= u64::from(bits.number(2)?) << (2 * target);
    }
    Some(Indications(indications))
}

/// template_chains(). Returns how many there are.
fn skip_chains(bits: &mut Bits<'_>, n_targets: usize, n_templates: usize) -> Option<u8> {
    let n_chains = bits.below(u32::try_from(n_targets).ok()? + 1)?;
    if n_chains > 0 {
        for _ in 0..n_targets {
            bits.below(n_chains)?;
        }
        for _ in 0..n_templates {
            bits.skip(4 * n_chains)?;
        }
    }
    u8::try_from(n_chains).ok()
}

/// render_resolutions(): of each spatial layer, the last is the largest.
fn read_resolutions(bits: &mut Bits<'_>, highest: u8) -> Option<LayerSizes> {
    let mut sizes = LayerSizes::default();
    for _ in 0..=highest {
        let width = u16::try_from(bits.number(16)?).ok()?;
        let height = u16::try_from(bits.number(16)?).ok()?;
        let size = Dimensions {
            width: width.saturating_add(1),
            height: height.saturating_add(1),
        };
        sizes.push(size).then_some(())?;
    }
    Some(sizes)
}

/// The highest layer that has a part in a decode target.
fn target_layer(templates: &[Template], target: usize) -> Layer {
    let target = u8::try_from(target).unwrap_or(u8::MAX);
    let parts = templates.iter().filter(|t| t.indications.has(target));
    parts.fold(Layer::default(), |highest, t| Layer {
        spatial: highest.spatial.max(t.layer.spatial),
        temporal: highest.temporal.max(t.layer.temporal),
    })
}

/// The decode targets all of whose frames are part of this one, too.
fn included_targets(templates: &[Template], of: usize, n_targets: usize) -> u32 {
    let of = u8::try_from(of).unwrap_or(u8::MAX);
    let n_targets = u8::try_from(n_targets).unwrap_or(0);
    let is_included = |target: &u8| {
        let mut frames = templates.iter().filter(|t| t.indications.has(*target));
        frames.all(|t| t.indications.has(of))
    };
    let included = (0..n_targets).filter(is_included);
    included.fold(0, |mask, target| mask | bit(target))
}

/// frame_dependency_definition(). The outer `None` is a cut one, the inner an id that the structure does not have.
#[expect(
    clippy::option_option,
    reason = "malformed and unknown are two answers"
)]
fn read_frame(
    bits: &mut Bits<'_>,
    template_id: u8,
    flags: Flags,
    structure: &DependencyStructure,
) -> Option<Option<Template>> {
    let index = template_id.wrapping_sub(structure.template_id_offset) & 0x3f;
    let Some(mut frame) = structure.templates.get(usize::from(index)).copied() else {
        return Some(None);
    };
    if flags.has_indications {
        frame.indications = read_indications(bits, structure.targets.len())?;
    }
    if flags.has_references {
        frame.references = References::default();
        loop {
            let size = bits.number(2)?;
            if size == 0 {
                break;
            }
            let difference = u16::try_from(bits.number(4 * size)?).ok()? + 1;
            frame.references.push(difference).then_some(())?;
        }
    }
    if flags.has_chains {
        bits.skip(8 * u32::from(structure.n_chains))?;
    }
    Some(Some(frame))
}

#[cfg(test)]
pub(crate) mod script;
#[cfg(test)]
mod tests;
