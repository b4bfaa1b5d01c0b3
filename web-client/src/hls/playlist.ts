/**
 * What the page itself reads of HLS playlists (RFC 8216bis, Section 4.4); a player reads the rest.
 */

/** Whether a multivariant playlist has a variant with pictures. */
export function hasPictures(multivariant: string): boolean {
  return /^#EXT-X-STREAM-INF:.*\bRESOLUTION=\d/m.test(multivariant);
}

/** The address of a multivariant playlist's first variant, which is on the line after its tag. */
export function firstVariant(multivariant: string): string | undefined {
  return /^#EXT-X-STREAM-INF:.*\r?\n([^#\s]\S*)/m.exec(multivariant)?.[1];
}

/** The date of a media playlist's first segment that has one, in milliseconds of unix time. */
export function firstDateMs(media: string): number | undefined {
  const date = /^#EXT-X-PROGRAM-DATE-TIME:(\S+)\r?\n/m.exec(media)?.[1];
  const ms = Date.parse(date ?? '');
  return Number.isNaN(ms) ? undefined : ms;
}
