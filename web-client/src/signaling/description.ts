import {
  credentialsOf,
  type IceCredentials,
  type SdpFragment,
  type TaggedSection,
} from './sdp-fragment.ts';

const CRLF = '\r\n';

function linesOf(sdp: string): string[] {
  return sdp.split(/\r?\n/).filter((line) => line !== '');
}

/**
 * The offer as it goes over the wire. RFC 9725, Section 4.4.1, wants `a=rtcp-mux-only` in every
 * bundled m-section, and browsers write only `a=rtcp-mux`.
 */
export function completeOffer(sdp: string): string {
  if (sdp.includes('a=rtcp-mux-only')) return sdp;
  return sdp.replace(/^a=rtcp-mux(\r?\n)/gm, 'a=rtcp-mux$1a=rtcp-mux-only$1');
}

/** The credentials that a description offers. */
export function iceCredentials(sdp: string): IceCredentials | undefined {
  return credentialsOf(linesOf(sdp));
}

/** What a fragment must repeat of the offer. Undefined where the offer has no m-line. */
export function taggedSection(offer: string): TaggedSection | undefined {
  const lines = linesOf(offer);
  const first = lines.findIndex((line) => line.startsWith('m='));
  const mediaLine = lines[first];
  const mid = lines.slice(first).find((line) => line.startsWith('a=mid:'));
  if (mediaLine === undefined || mid === undefined) return undefined;
  return {
    group: lines.find((line) => line.startsWith('a=group:BUNDLE')),
    mediaLine,
    mid: mid.slice('a=mid:'.length),
  };
}

/**
 * The answer after an ICE restart: the old answer with the server's new credentials and candidates.
 * Candidates of the old ICE session go (RFC 9725, Section 4.3.3), all else stays as negotiated.
 */
export function restartedAnswer(answer: string, fragment: SdpFragment): string {
  const { ufrag, pwd } = fragment.credentials;
  const output: string[] = [];
  let sections = 0;
  const endSection = () => {
    if (sections === 1) output.push(...fragment.candidates.map((candidate) => `a=${candidate}`));
  };
  for (const line of linesOf(answer)) {
    if (line.startsWith('m=')) {
      endSection();
      sections += 1;
    }
    if (line.startsWith('a=candidate:') || line === 'a=end-of-candidates') continue;
    if (line.startsWith('a=ice-ufrag:')) output.push(`a=ice-ufrag:${ufrag}`);
    else if (line.startsWith('a=ice-pwd:')) output.push(`a=ice-pwd:${pwd}`);
    else output.push(line);
  }
  endSection();
  return output.join(CRLF) + CRLF;
}
