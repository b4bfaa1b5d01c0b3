import type { VideoLayer } from '../whep.ts';

/** A rate as people compare them: in one unit, as far as it goes, and no finer than a moving figure is good for. */
function rate(bps: number): string {
  return bps >= 1e5 ? `${(bps / 1e6).toFixed(1)} Mbit/s` : `${Math.round(bps / 1e3)} kbit/s`;
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

const SOUND_ONLY = 'Sound only: your connection is too slow for pictures';

/** Which layer arrives, and why; `isAuto` where nobody has chosen. */
export function qualityText(layers: VideoLayer[], isAuto: boolean): string {
  const current = layers.find((layer) => layer.isCurrent);
  if (!current) return layers.some((layer) => layer.why === 'sound-only') ? SOUND_ONLY : '';
  const who = isAuto ? 'Auto: ' : '';
  if (current.why === 'chosen') return `${layerName(current)}: chosen`;
  if (current.why === 'path' && current.carriesBps !== undefined) {
    return `${who}${layerName(current)}, your connection carries ${rate(current.carriesBps)}`;
  }
  return who + layerText(current);
}
