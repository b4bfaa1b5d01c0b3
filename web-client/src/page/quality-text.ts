import type { VideoLayer } from '../whep.ts';

/** A rate as people compare them: one digit after the point is all that a moving figure is good for. */
function rate(bps: number): string {
  return bps >= 1e6 ? `${(bps / 1e6).toFixed(1)} Mbit/s` : `${Math.round(bps / 1e4) * 10} kbit/s`;
}

/** `720p`, or the rid of an encoding whose size is not known. */
function layerName(layer: VideoLayer): string {
  return layer.heightPx === undefined ? (layer.rid ?? 'video') : `${layer.heightPx}p`;
}

/** One entry of the menu. */
export function layerText(layer: VideoLayer): string {
  const name = layerName(layer);
  return layer.bitrateBps > 0 ? `${name}, ${rate(layer.bitrateBps)}` : `${name}, not sent`;
}

/** Which layer arrives, and why. */
export function qualityText(layers: VideoLayer[]): string {
  const current = layers.find((layer) => layer.isCurrent);
  if (!current) return '';
  if (current.why === 'chosen') return `${layerName(current)}: chosen`;
  if (current.why === 'path' && current.carriesBps !== undefined) {
    return `${layerName(current)}: your connection carries ${rate(current.carriesBps)}`;
  }
  return `Auto: ${layerText(current)}`;
}
