/** One row of `GET /api/v1/streams`. */
export interface LiveStream {
  name: string;
  viewers: number;
  /** Unix time. */
  startedAtSeconds: number | undefined;
  /** Whether it is packaged for HLS, which is what makes thumbnails. */
  isPackaged: boolean;
}

/** How long a thumbnail is the latest: the server makes one as often, and lets caches keep it as long. */
const THUMBNAIL_SECONDS = 10;

/** Where the thumbnail of this moment is. The query is for the browser, which would not ask again for what it shows. */
export function thumbnailUrl(name: string, nowSeconds: number): string {
  return `/hls/${name}/thumbnail.jpg?at=${Math.floor(nowSeconds / THUMBNAIL_SECONDS)}`;
}

/** Reads the answer; what is not live or makes no sense is left out. Sorted by audience, then name. */
export function parseStreams(body: unknown): LiveStream[] {
  const streams = (body as { streams?: unknown } | null)?.streams;
  if (!Array.isArray(streams)) return [];
  return streams
    .flatMap((entry: unknown) => parseStream(entry) ?? [])
    .sort((a, b) => b.viewers - a.viewers || a.name.localeCompare(b.name));
}

function parseStream(entry: unknown): LiveStream | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined;
  const { name, live, viewers, started_at, latency } = entry as Record<string, unknown>;
  if (typeof name !== 'string' || live !== true) return undefined;
  return {
    name,
    viewers: typeof viewers === 'number' ? viewers : 0,
    startedAtSeconds: typeof started_at === 'number' ? started_at : undefined,
    isPackaged: latency === 'low' || latency === 'standard',
  };
}
