/** `absent`: the server says that there is none, or none for this viewer. */
export type Offer = 'offered' | 'absent' | 'unreachable';

/**
 * How a viewer is let in to a stream's HLS. A play token lets people in and sends nobody away, but
 * each request of a player is let in anew: so the token is exchanged for what the paths begin with,
 * which the server signs for much longer than a token lives. That is done with the first path that a
 * page asks for, while the token is good, and not again while what was given opens something: who
 * comes to HLS when the token has ended is let in all the same.
 */
export class Admission {
  private readonly url: string;
  private readonly token: string | undefined;
  /** Of a stream that anybody may play it is empty; undefined until the server has said so. */
  private known: string | undefined;
  private asking: Promise<Offer> | undefined;

  constructor(stream: string, token: string | undefined) {
    this.url = `/api/v1/streams/${stream}/signed-url`;
    this.token = token;
    if (!token) this.known = '';
  }

  /** What the paths begin with for this viewer, as far as that is known. */
  get prefix(): string {
    return this.known ?? '';
  }

  /** Whether it goes on when the token ends. */
  get outlivesToken(): boolean {
    return this.prefix !== '';
  }

  /** Asks for the prefix where it is not known. Who asks meanwhile waits for the same answer. */
  ask(): Promise<Offer> {
    if (this.known !== undefined) return Promise.resolve('offered');
    this.asking ??= this.exchange().finally(() => {
      this.asking = undefined;
    });
    return this.asking;
  }

  /**
   * Lets go of a prefix that opens nothing any more: its time is over, or the server signs with
   * another key. False where there is no other to be had.
   */
  drop(refused: string): boolean {
    if (!this.token) return false;
    if (this.known === refused) this.known = undefined;
    return true;
  }

  private async exchange(): Promise<Offer> {
    const headers = { Authorization: `Bearer ${this.token}` };
    try {
      const response = await fetch(this.url, { method: 'POST', headers });
      if (response.status >= 500) return 'unreachable';
      const said = await response.text();
      this.known = response.ok ? prefixOf(said) : undefined;
      return this.known === undefined ? 'absent' : 'offered';
    } catch {
      return 'unreachable';
    }
  }
}

/** Undefined where a server says something else. */
function prefixOf(text: string): string | undefined {
  try {
    const { prefix } = JSON.parse(text) as { prefix?: unknown };
    return typeof prefix === 'string' ? prefix : undefined;
  } catch {
    return undefined;
  }
}
