import { CODEC_NAMES, isVideoCodec } from '../rtc/codecs.ts';

/** How figures are written. What is not known is a dash, never a zero. */
const UNKNOWN = '–';

export function bitrate(bps: number | undefined): string {
  if (bps === undefined) return UNKNOWN;
  return bps >= 1e6 ? `${(bps / 1e6).toFixed(2)} Mbit/s` : `${Math.round(bps / 1e3)} kbit/s`;
}

export function rate(framesPerSecond: number | undefined): string {
  return framesPerSecond === undefined ? UNKNOWN : `${Math.round(framesPerSecond)} fps`;
}

export function milliseconds(ms: number | undefined): string {
  if (ms === undefined) return UNKNOWN;
  return ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
}

export function percent(ratio: number | undefined): string {
  if (ratio === undefined) return UNKNOWN;
  return ratio === 0 || ratio >= 0.1
    ? `${Math.round(ratio * 100)} %`
    : `${(ratio * 100).toFixed(1)} %`;
}

export function size(widthPx: number | undefined, heightPx: number | undefined): string {
  return widthPx === undefined || heightPx === undefined ? UNKNOWN : `${widthPx}×${heightPx}`;
}

export function text(value: string | number | undefined): string {
  return value === undefined ? UNKNOWN : String(value);
}

export function codec(name: string | undefined): string {
  return name !== undefined && isVideoCodec(name) ? CODEC_NAMES[name] : text(name);
}

export function viewers(count: number): string {
  return count === 1 ? '1 viewer' : `${count} viewers`;
}

/** `Live for 5 minutes`, from two unix times in seconds. */
export function ago(startedAtSeconds: number | undefined, nowSeconds: number): string {
  if (startedAtSeconds === undefined) return 'Live';
  const minutes = Math.max(0, Math.floor((nowSeconds - startedAtSeconds) / 60));
  if (minutes < 1) return 'Just went live';
  if (minutes < 60) return `Live for ${minutes} min`;
  return `Live for ${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `1:02:03`, of a duration. */
export function duration(totalSeconds: number): string {
  const seconds = Math.max(0, Math.floor(totalSeconds));
  const two = (value: number) => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(seconds % 60)}`
    : `${minutes}:${two(seconds % 60)}`;
}
