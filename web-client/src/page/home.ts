import { Backoff } from '../signaling/backoff.ts';
import { copyOf, element, within } from './element.ts';
import { ago, viewers } from './figures.ts';
import { type LiveStream, parseStreams, thumbnailUrl } from './stream-list.ts';

/** How often the list is asked for while the page is seen; a new stream shows up within this. */
const POLL_MS = 4_000;

/** Waits after a failed request, so that a page left open does not hammer a server in trouble. */
const BACKOFF = { firstMs: POLL_MS, maxMs: 60_000 };

const list = element('stream-list', HTMLUListElement);
const empty = element('empty', HTMLElement);
const notice = element('error', HTMLElement);
const state = element('state', HTMLElement);
const backoff = new Backoff(BACKOFF, Math.random);

async function poll(): Promise<void> {
  let waitMs = POLL_MS;
  if (document.visibilityState === 'visible') {
    try {
      const response = await fetch('/api/v1/streams', { cache: 'no-store' });
      if (!response.ok) throw new Error(`the server answered ${response.status}`);
      show(parseStreams(await response.json()));
      backoff.reset();
    } catch {
      showTrouble();
      waitMs = backoff.next();
    }
  }
  setTimeout(() => void poll(), waitMs);
}

function show(streams: LiveStream[]): void {
  notice.hidden = true;
  empty.hidden = streams.length > 0;
  state.dataset.state = streams.length > 0 ? 'live' : 'idle';
  state.textContent = streams.length > 0 ? `${streams.length} live` : 'Nobody live';
  // Rows are changed in place: replacing them would throw away the keyboard focus at every poll.
  const rows = new Map([...list.children].map((row) => [(row as HTMLElement).dataset.name, row]));
  for (const stream of streams) {
    const row = rows.get(stream.name) ?? list.appendChild(makeRow(stream.name));
    rows.delete(stream.name);
    within(row, '.viewers', HTMLElement).textContent = viewers(stream.viewers);
    within(row, '.since', HTMLElement).textContent = ago(
      stream.startedAtSeconds,
      Date.now() / 1000,
    );
    if (stream.isPackaged) showThumbnail(within(row, '.thumbnail', HTMLImageElement), stream.name);
  }
  for (const row of rows.values()) row.remove();
}

/** The last one stays until the next is there; where there is none, its place stays empty. */
function showThumbnail(image: HTMLImageElement, name: string): void {
  const url = thumbnailUrl(name, Date.now() / 1000);
  if (image.dataset.asked === url) return;
  image.dataset.asked = url;
  const next = new Image();
  next.src = url;
  next.decode().then(
    () => (image.src = url),
    () => {
      // There is none yet, or none any more: the next poll that is due asks again.
    },
  );
}

function makeRow(name: string): HTMLLIElement {
  const row = copyOf('stream-item', HTMLLIElement);
  row.dataset.name = name;
  within(row, '.name', HTMLElement).textContent = name;
  within(row, '.of', HTMLElement).textContent = ` of ${name}`;
  within(row, '.watch', HTMLAnchorElement).href = `/watch/${name}`;
  within(row, '.studio', HTMLAnchorElement).href = `/studio/${name}`;
  return row;
}

function showTrouble(): void {
  state.dataset.state = 'recovering';
  state.textContent = 'Reconnecting';
  notice.textContent = 'The server does not answer. This page keeps trying.';
  notice.hidden = false;
  // Whether somebody is live is not known; of those who were, most still are.
  empty.hidden = true;
}

element('open-form', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault();
  const name = element('stream-name', HTMLInputElement).value;
  const isStudio =
    event.submitter instanceof HTMLButtonElement && event.submitter.value === 'studio';
  location.assign(`/${isStudio ? 'studio' : 'watch'}/${encodeURIComponent(name)}`);
});

element('stream-name', HTMLInputElement).addEventListener('input', (event) => {
  const name = (event.target as HTMLInputElement).value || 'demo';
  showNames(name);
});

/** The instructions speak of the stream that is typed in. */
function showNames(name: string): void {
  const link = element('studio-link', HTMLAnchorElement);
  link.href = `/studio/${encodeURIComponent(name)}`;
  within(link, '[data-name]', HTMLElement).textContent = name;
  element('whip-url', HTMLElement).textContent = `${location.origin}/whip/${name}`;
}

document.addEventListener('visibilitychange', () => backoff.reset());
showNames('demo');
void poll();
