const WHYS = ['best', 'chosen', 'path', 'sound-only'] as const;

type Why = (typeof WHYS)[number];

/** One layer of the video, as the `layers` event of WHEP describes it. */
export interface VideoLayer {
  /** Names its encoding, where the publisher sends several. */
  rid: string | undefined;
  spatialLayerId: number | undefined;
  temporalLayerId: number | undefined;
  /** What it sends, with the layers that it builds on; 0 while it is not sent. */
  bitrateBps: number;
  widthPx: number | undefined;
  heightPx: number | undefined;
  /** Whether this player gets it. A server that does not say leaves all of them false. */
  isCurrent: boolean;
  /**
   * Why the player gets it: nothing better is sent, it was selected, or the path carries no more. Or why it gets no picture,
   * not even this one: the path carries the sound alone.
   */
  why: Why | undefined;
  /** What the path carries, where that is why. */
  carriesBps: number | undefined;
}

/** What a player asks for. Nothing is automatic selection. */
export interface LayerSelection {
  mediaId?: string;
  rid?: string;
  spatialLayerId?: number;
  temporalLayerId?: number;
  maxSpatialLayerId?: number;
  maxTemporalLayerId?: number;
  maxWidth?: number;
  maxHeight?: number;
}

/** Layers that are read of one event; a menu with more would help nobody. */
const LAYERS_MAX = 32;

/**
 * The layers in the data of an event, in the server's order. Its members are named by m-line; the
 * player has one video. Whatever is not a layer is passed over.
 */
export function layersOf(data: unknown): VideoLayer[] {
  if (!isRecord(data)) return [];
  const lists = Object.values(data).filter(Array.isArray);
  const list: unknown[] = lists.find((candidates) => candidates.length > 0) ?? [];
  return list.slice(0, LAYERS_MAX).filter(isRecord).map(layerOf);
}

/**
 * One layer for each size of the pictures, in the server's order: of those that differ in frame rate only, the one that the
 * player gets or that says why it gets none, or else the fastest. What it sends is what the fastest sends.
 */
export function sizesOf(layers: VideoLayer[]): VideoLayer[] {
  const sizes = new Map<string, VideoLayer>();
  for (const layer of layers) {
    const name = `${layer.rid ?? ''}/${layer.spatialLayerId ?? 0}`;
    const known = sizes.get(name);
    const present = known?.isCurrent || known?.why === 'sound-only' ? known : layer;
    sizes.set(name, { ...present, bitrateBps: Math.max(known?.bitrateBps ?? 0, layer.bitrateBps) });
  }
  return [...sizes.values()];
}

function layerOf(layer: Record<string, unknown>): VideoLayer {
  return {
    rid: typeof layer.rid === 'string' ? layer.rid : undefined,
    spatialLayerId: numberOf(layer.spatialLayerId),
    temporalLayerId: numberOf(layer.temporalLayerId),
    bitrateBps: numberOf(layer.bitrate) ?? 0,
    widthPx: numberOf(layer.width),
    heightPx: numberOf(layer.height),
    isCurrent: layer.current === true,
    why: WHYS.find((why) => why === layer.why),
    carriesBps: numberOf(layer.carries),
  };
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}
