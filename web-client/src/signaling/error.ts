/** What an exchange with a WHIP or WHEP endpoint can run into. */
export type SignalingErrorKind =
  /** No answer at all: the network, the name or the server is down. */
  | 'unreachable'
  /** 4xx: the same request will not do; whoever sent it must change something. */
  | 'refused'
  /** 5xx: the server cannot now; it may later. */
  | 'unavailable'
  /** The server answers, but media cannot reach it. */
  | 'blocked'
  /** The answer is not one that the protocol knows. */
  | 'unexpected';

interface Fields {
  status?: number;
  code?: string;
  detail?: string;
  retryAfterMs?: number;
}

/**
 * Longest problem text kept from an error body; more is cut. It is shown in one line of a page,
 * and 300 characters are about three lines of a phone.
 */
const DETAIL_CHARS_MAX = 300;

/** A failed exchange. RFC 9725, Section 4.1: a code that is not known counts as its class's n00. */
export class SignalingError extends Error {
  readonly kind: SignalingErrorKind;
  /** The status code of the answer, if there was one. */
  readonly status: number | undefined;
  /** What the problem is called in the server's `application/problem+json` body, if it sent one: `stream-ended`. */
  readonly code: string | undefined;
  /** What that body says to do. */
  readonly detail: string | undefined;
  /** How long the server asks to wait (`Retry-After`). */
  readonly retryAfterMs: number | undefined;

  constructor(kind: SignalingErrorKind, message: string, fields: Fields = {}) {
    super(message);
    this.name = 'SignalingError';
    this.kind = kind;
    this.status = fields.status;
    this.code = fields.code;
    this.detail = fields.detail;
    this.retryAfterMs = fields.retryAfterMs;
  }

  /** Reads an unsuccessful response; `unixNowMs` resolves a `Retry-After` that is a date. */
  static async fromResponse(response: Response, unixNowMs: number): Promise<SignalingError> {
    const retryAfterMs = retryAfterOf(response.headers, unixNowMs);
    const problem = await problemOf(response);
    return new SignalingError(kindOf(response.status), `the server answered ${response.status}`, {
      status: response.status,
      ...problem,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
  }

  /**
   * Whether the same request may succeed by itself after a wait. A 4xx does not, but for those that
   * speak of time: 408 and 425 (RFC 9110, RFC 8470) and 429 (RFC 6585).
   */
  get isRetryable(): boolean {
    if (this.kind === 'unreachable' || this.kind === 'unavailable') return true;
    if (this.kind === 'blocked') return true;
    return this.status === 408 || this.status === 425 || this.status === 429;
  }
}

function kindOf(status: number): SignalingErrorKind {
  if (status >= 500) return 'unavailable';
  if (status >= 400) return 'refused';
  return 'unexpected';
}

/** `Retry-After` (RFC 9110, Section 10.2.3): seconds, or a date. */
export function retryAfterOf(headers: Headers, unixNowMs: number): number | undefined {
  const value = headers.get('Retry-After')?.trim();
  if (!value) return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - unixNowMs);
}

async function problemOf(response: Response): Promise<Pick<Fields, 'code' | 'detail'>> {
  const type = response.headers.get('Content-Type') ?? '';
  if (!type.startsWith('application/problem+json')) return {};
  try {
    const problem: unknown = await response.json();
    if (typeof problem !== 'object' || problem === null) return {};
    const { code, detail, title } = problem as Record<string, unknown>;
    const text = [detail, title].find((part) => typeof part === 'string');
    return {
      ...(typeof code === 'string' ? { code } : {}),
      ...(typeof text === 'string' ? { detail: text.slice(0, DETAIL_CHARS_MAX) } : {}),
    };
  } catch {
    // A body that is not what its type says adds nothing to the status code.
    return {};
  }
}
