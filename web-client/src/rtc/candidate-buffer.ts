import { iceCredentials, taggedSection } from '../signaling/description.ts';
import {
  type IceCredentials,
  type TaggedSection,
  writeFragment,
} from '../signaling/sdp-fragment.ts';
import type { Clock } from './clock.ts';

/**
 * How long candidates wait for company, so that they leave in one PATCH (RFC 9725, Section 4.3.2).
 * Host candidates appear within some milliseconds; one from a slow STUN server follows in a second
 * PATCH. The server needs none of them to begin.
 */
const GATHERING_MS = 100;

/** Collects the candidates of one ICE session and hands them over together. */
export class CandidateBuffer {
  private readonly clock: Clock;
  private readonly send: (fragment: string) => Promise<void>;
  private section: TaggedSection | undefined;
  private credentials: IceCredentials | undefined;
  private candidates: string[] = [];
  private isComplete = false;
  private callOff: (() => void) | undefined;

  constructor(clock: Clock, send: (fragment: string) => Promise<void>) {
    this.clock = clock;
    this.send = send;
  }

  /** A new ICE session, which this offer began; candidates from now on are its own. */
  begin(offer: string): void {
    this.drop();
    this.section = taggedSection(offer);
    this.credentials = iceCredentials(offer);
  }

  /** Forgets what waits: it belongs to an ICE session that is over. */
  drop(): void {
    this.callOff?.();
    this.callOff = undefined;
    this.candidates = [];
    this.isComplete = false;
    this.section = undefined;
  }

  add(candidate: string): void {
    if (!this.section) return;
    this.candidates.push(candidate);
    this.callOff ??= this.clock.after(GATHERING_MS, () => this.flush());
  }

  /** No candidate follows. */
  complete(): void {
    if (!this.section) return;
    this.isComplete = true;
    this.flush();
  }

  private flush(): void {
    this.callOff?.();
    this.callOff = undefined;
    if (!this.section || !this.credentials) return;
    const { candidates, isComplete, credentials } = this;
    this.candidates = [];
    void this.send(writeFragment(this.section, { credentials, candidates, isComplete }));
  }
}
