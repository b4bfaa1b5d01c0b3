import { element } from '../element.ts';
import { explain } from '../wording.ts';
import type { Standing, WatchState } from './player.ts';

const PILL: Record<WatchState, string> = {
  connecting: 'Connecting',
  waiting: 'Waiting',
  live: 'Live',
  stalled: 'Away',
  recovering: 'Reconnecting',
  failed: 'Cannot play',
  closed: 'Closed',
};

/** Everything that is said over the picture while it is not live, and the state at the top. */
export class Veil {
  private readonly pill = element('state', HTMLElement);
  private readonly stage = element('stage', HTMLElement);
  private readonly word = element('word', HTMLElement);
  private readonly error = element('error', HTMLElement);
  private readonly countdown = element('countdown', HTMLElement);
  private readonly retry = element('retry', HTMLButtonElement);
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(onRetry: () => void) {
    this.retry.addEventListener('click', onRetry);
  }

  /** `isPast`: whether what plays is of an earlier time. */
  show({ name, error, retryAtMs }: Standing, isPast: boolean): void {
    clearInterval(this.timer);
    this.pill.dataset.state = name;
    this.pill.textContent = name === 'live' && isPast ? 'Earlier' : PILL[name];
    this.stage.dataset.state = name;
    // That nobody is live is no error, and is said in the big words.
    const isOffline = error?.status === 409;
    this.error.hidden = !error || isOffline;
    this.error.textContent = error && !isOffline ? explain(error, 'play') : '';
    this.word.textContent = error && isOffline ? explain(error, 'play') : WORDS[name];
    this.retry.hidden = name !== 'waiting' && name !== 'failed';
    this.countdown.hidden = name !== 'waiting';
    if (retryAtMs !== undefined) this.countDown(retryAtMs);
  }

  private countDown(retryAtMs: number): void {
    const show = () => {
      const seconds = Math.max(0, Math.ceil((retryAtMs - performance.now()) / 1000));
      this.countdown.textContent = seconds > 0 ? `Looking again in ${seconds} s` : 'Looking…';
    };
    show();
    this.timer = setInterval(show, 1_000);
  }
}

const WORDS: Record<WatchState, string> = {
  connecting: 'Connecting…',
  waiting: 'Waiting for the stream…',
  live: '',
  stalled: 'The publisher is away. The picture comes back by itself.',
  recovering: 'The connection was lost. Coming back…',
  failed: 'This stream cannot be played.',
  closed: 'Closed.',
};
