/** One link of a `Link` header (RFC 8288). */
export interface Link {
  target: string;
  /** The relation types, in lower case; a link may have several. */
  rels: string[];
  parameters: Map<string, string>;
}

/**
 * Links read from one response; the rest are ignored. An endpoint sends one per ICE server and one
 * per extension, a dozen at most.
 */
const LINKS_MAX = 64;

/** Parses a `Link` header, which `fetch` has already joined into one line with commas. */
export function parseLinks(header: string): Link[] {
  const links: Link[] = [];
  let rest = header;
  while (links.length < LINKS_MAX) {
    const open = /^[\s,]*<([^>]*)>/.exec(rest);
    if (!open) break;
    rest = rest.slice(open[0].length);
    const parameters = new Map<string, string>();
    for (;;) {
      const parameter =
        /^\s*;\s*([\w!#$&+\-.^`|~*]+)\s*(?:=\s*("(?:[^"\\]|\\.)*"|[^\s",;]*))?/.exec(rest);
      if (!parameter) break;
      rest = rest.slice(parameter[0].length);
      const name = (parameter[1] ?? '').toLowerCase();
      // RFC 8288, Section 3.3: of a repeated parameter only the first counts.
      if (!parameters.has(name)) parameters.set(name, unquote(parameter[2] ?? ''));
    }
    const rels = (parameters.get('rel') ?? '').toLowerCase().split(/\s+/).filter(Boolean);
    links.push({ target: open[1] ?? '', rels, parameters });
    // Whatever stands before the next link is not ours to understand.
    rest = rest.replace(/^[^,<]*/, '');
  }
  return links;
}

function unquote(value: string): string {
  return value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value;
}

/**
 * The STUN and TURN servers among the links (RFC 9725, Section 4.6). Unknown relations, unknown
 * schemes and TURN servers without credentials are passed over: the browser would throw at them.
 */
export function iceServersOf(header: string | null): RTCIceServer[] {
  if (!header) return [];
  return parseLinks(header)
    .filter((link) => link.rels.includes('ice-server'))
    .flatMap((link): RTCIceServer[] => {
      if (/^stuns?:/i.test(link.target)) return [{ urls: link.target }];
      const username = link.parameters.get('username');
      const credential = link.parameters.get('credential');
      if (!/^turns?:/i.test(link.target) || !username || !credential) return [];
      return [{ urls: link.target, username, credential }];
    });
}
