import { sessionText } from './session-text.ts';

/** The stream that a page is about: the last part of `/watch/{stream}` or `/studio/{stream}`. */
export function streamName(): string {
  const name = /^\/(?:watch|studio)\/([a-zA-Z0-9-]{1,64})\/?$/.exec(location.pathname)?.[1];
  if (name === undefined) throw new Error('the address names no stream');
  return name;
}

/**
 * A secret out of the fragment (`#key=…`, `#token=…`), which no server or proxy ever sees. It moves
 * to this tab's session storage and out of the address bar, so that it is neither bookmarked nor
 * shown on a shared screen, and a reload still has it.
 */
export function takeSecret(kind: 'key' | 'token', stream: string): string | undefined {
  const store = secretStore(kind, stream);
  const fragment = new URLSearchParams(location.hash.slice(1));
  const secret = fragment.get(kind);
  if (secret) {
    store.write(secret);
    fragment.delete(kind);
    const rest = fragment.toString();
    const address = location.pathname + location.search + (rest ? `#${rest}` : '');
    history.replaceState(history.state, '', address);
  }
  return store.read();
}

export function keepSecret(kind: 'key' | 'token', stream: string, secret: string): void {
  secretStore(kind, stream).write(secret);
}

function secretStore(kind: 'key' | 'token', stream: string) {
  return sessionText(`freshet.${kind}.${stream}`);
}
