/** One row of `GET /api/v1/streams`. */
export interface LiveStream {
  name: string;
  viewers: number;
  /** Unix time. */
  startedAtSeconds: number | undefined;
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
  const { name, live, viewers, started_at } = entry as Record<string, unknown>;
  if (typeof name !== 'string' || live !== true) return undefined;
  return {
    name,
    viewers: typeof viewers === 'number' ? viewers : 0,
    startedAtSeconds: typeof started_at === 'number' ? started_at : undefined,
  };
}
