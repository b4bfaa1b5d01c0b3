import { isVideoCodec, type VideoCodec } from '../../rtc/codecs.ts';
import type { DeviceChoice } from '../../source/camera.ts';
import type { Layering } from '../../rtc/encodings.ts';
import type { PictureSize } from '../../source/source.ts';

export const SOURCES = ['camera', 'screen', 'pattern'] as const;
export type SourceKind = (typeof SOURCES)[number];

/** What a person has chosen in the studio. */
export interface Settings {
  source: SourceKind;
  camera: DeviceChoice;
  microphone: DeviceChoice;
  codec: VideoCodec | undefined;
  size: PictureSize;
  bitrateMaxBps: number | undefined;
  layers: Layering;
}

/** What an address or a saved text may set; the rest stays as it is. */
export interface Wishes {
  source?: SourceKind;
  codec?: VideoCodec;
  resolution?: string;
  framesPerSecond?: string;
  bitrateKbps?: string;
  layers?: Layering;
  /** Go live at once. */
  starts: boolean;
}

/** The values of `simulcast` in an address. */
const SIMULCAST_OPTIONS: [string, Layering][] = [
  ['0', 'none'],
  ['1', 'simulcast'],
  ['svc', 'scalable'],
];

/** Reads the options of a studio address, which are for sharing and for automation. */
export function parseWishes(search: string): Wishes {
  const options = new URLSearchParams(search);
  const wishes: Wishes = { starts: options.get('autostart') === '1' };
  const source = SOURCES.find((kind) => kind === options.get('source'));
  if (source) wishes.source = source;
  const codec = options.get('codec')?.toUpperCase();
  if (codec && isVideoCodec(codec)) wishes.codec = codec;
  const resolution = options.get('resolution');
  if (resolution && parseResolution(resolution)) wishes.resolution = resolution;
  const framesPerSecond = options.get('fps');
  if (framesPerSecond) wishes.framesPerSecond = framesPerSecond;
  const bitrateKbps = options.get('bitrate');
  if (bitrateKbps) wishes.bitrateKbps = bitrateKbps;
  const layers = SIMULCAST_OPTIONS.find(([option]) => option === options.get('simulcast'));
  if (layers) wishes.layers = layers[1];
  return wishes;
}

/** The settings as options of an address: what a reload goes live again with. */
export function wishesText(settings: Settings): string {
  const { size } = settings;
  const options = new URLSearchParams({
    source: settings.source,
    resolution: `${size.widthPx}x${size.heightPx}`,
    fps: String(size.framesPerSecond),
    simulcast: SIMULCAST_OPTIONS.find(([, layers]) => layers === settings.layers)?.[0] ?? '0',
  });
  if (settings.codec) options.set('codec', settings.codec);
  if (settings.bitrateMaxBps) options.set('bitrate', String(settings.bitrateMaxBps / 1000));
  return options.toString();
}

/**
 * The pictures that a studio makes, per side: below the least, encoders refuse; above the most, no
 * browser encodes in real time.
 */
const SIDE_PX = { min: 64, max: 4096 };

/** `1280x720`, within what can be encoded. */
export function parseResolution(text: string): [number, number] | undefined {
  const match = /^(\d{2,4})x(\d{2,4})$/.exec(text);
  if (!match) return undefined;
  const [widthPx, heightPx] = [Number(match[1]), Number(match[2])];
  const fits = (sidePx: number) => sidePx >= SIDE_PX.min && sidePx <= SIDE_PX.max;
  return fits(widthPx) && fits(heightPx) ? [widthPx, heightPx] : undefined;
}
