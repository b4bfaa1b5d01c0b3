/** ICE credentials of one side in one ICE session. */
export interface IceCredentials {
  ufrag: string;
  pwd: string;
}

/** The body of a trickle or restart PATCH (RFC 8840, Section 4.4, as RFC 9725 uses it). */
export interface SdpFragment {
  credentials: IceCredentials;
  /** The values of `a=candidate` lines, without the `a=`. */
  candidates: string[];
  /** Whether no candidate follows. */
  isComplete: boolean;
}

/**
 * The m-line that the candidates belong to: the first of the offer, since everything is bundled on
 * it (RFC 9725, Section 4.3.2: only the offerer-tagged m-line is sent).
 */
export interface TaggedSection {
  group: string | undefined;
  mediaLine: string;
  mid: string;
}

/** Candidates read from one fragment; the rest are ignored. The server takes no more from us. */
const CANDIDATES_MAX = 64;

const CRLF = '\r\n';

/** Writes the fragment that a PATCH carries. */
export function writeFragment(section: TaggedSection, fragment: SdpFragment): string {
  const lines = [
    ...(section.group === undefined ? [] : [section.group]),
    section.mediaLine,
    `a=mid:${section.mid}`,
    `a=ice-ufrag:${fragment.credentials.ufrag}`,
    `a=ice-pwd:${fragment.credentials.pwd}`,
    ...fragment.candidates.map((candidate) => `a=${candidate}`),
    ...(fragment.isComplete ? ['a=end-of-candidates'] : []),
  ];
  return lines.join(CRLF) + CRLF;
}

/**
 * Reads the answer to a restart, whose credentials may stand at session level or under the m-line.
 * Undefined where it names none: then there is nothing to restart with.
 */
export function parseFragment(body: string): SdpFragment | undefined {
  const lines = body.split(/\r?\n/);
  const credentials = credentialsOf(lines);
  if (!credentials) return undefined;
  return {
    credentials,
    candidates: lines
      .filter((line) => line.startsWith('a=candidate:'))
      .slice(0, CANDIDATES_MAX)
      .map((line) => line.slice(2)),
    isComplete: lines.includes('a=end-of-candidates'),
  };
}

/** The first credentials of a description or fragment; a bundle has only one pair. */
export function credentialsOf(lines: string[]): IceCredentials | undefined {
  const value = (name: string) => lines.find((line) => line.startsWith(name))?.slice(name.length);
  const ufrag = value('a=ice-ufrag:');
  const pwd = value('a=ice-pwd:');
  return ufrag && pwd ? { ufrag, pwd } : undefined;
}
