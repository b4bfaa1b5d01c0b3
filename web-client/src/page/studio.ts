import type { KeeperState } from '../whip.ts';
import { keepSecret, streamName, takeSecret } from './address.ts';
import { exposeDiagnostics } from './diagnostics.ts';
import { element } from './element.ts';
import { Broadcast } from './studio/broadcast.ts';
import { Capture } from './studio/capture.ts';
import { Notice } from './studio/notice.ts';
import { Readings } from './studio/readings.ts';
import { parseWishes, type SourceKind } from './studio/settings.ts';
import { SettingsForm } from './studio/settings-form.ts';
import { Warnings } from './studio/warnings.ts';
import { explain, explainCapture } from './wording.ts';

const PILL: Record<KeeperState['name'], string> = {
  idle: 'Ready',
  connecting: 'Connecting',
  waiting: 'Waiting',
  live: 'Live',
  recovering: 'Reconnecting',
  failed: 'Not live',
  closed: 'Ready',
};

const OPEN_WORDS: Record<SourceKind, string> = {
  camera: 'Turn on the camera',
  screen: 'Choose a screen',
  pattern: 'Show the pattern',
};

const stream = streamName();
const pill = element('state', HTMLElement);
const key = element('key-input', HTMLInputElement);
const goLive = element('go-live', HTMLButtonElement);
const stopButton = element('stop', HTMLButtonElement);
const openSource = element('open-source', HTMLButtonElement);
const form = new SettingsForm();
const readings = new Readings();
const notice = new Notice(() => void start(true));
const capture = new Capture(stream, onSourceEnded);
const warnings = new Warnings();
const broadcast = new Broadcast(stream, showState, (names) =>
  warnings.show(names, form.read().source),
);
let stateName: KeeperState['name'] = 'idle';

document.title = `${stream} · Freshet studio`;
element('title', HTMLElement).textContent = stream;
element('watch-link', HTMLInputElement).value = `${location.origin}/watch/${stream}`;
key.value = takeSecret('key', stream) ?? '';
exposeDiagnostics(
  () => stateName,
  () => broadcast.connection,
  () => element('preview', HTMLVideoElement),
);

/** Opens the chosen source; says why where it cannot. */
async function openChosen(): Promise<MediaStream | undefined> {
  const settings = form.read();
  try {
    const media = await capture.open(settings);
    openSource.hidden = capture.media !== undefined;
    if (media && isOnAir()) void broadcast.replaceMedia(media);
    if (media && stateName !== 'failed') notice.clear();
    // Names of devices are known once one of them was allowed.
    if (settings.source === 'camera') await form.refreshDevices();
    return media;
  } catch (error) {
    notice.show(explainCapture(error));
    offerSource();
    return undefined;
  }
}

/** A button over the preview for what is chosen and not open. */
function offerSource(): void {
  openSource.hidden = false;
  openSource.textContent = OPEN_WORDS[form.read().source];
}

async function start(takesOver: boolean): Promise<void> {
  notice.clear();
  // Not `disabled`, which would take the keyboard focus away.
  goLive.ariaDisabled = 'true';
  const media = capture.media ?? (await openChosen());
  goLive.ariaDisabled = 'false';
  if (!media) return;
  keepSecret('key', stream, key.value.trim());
  broadcast.start(media, form.read(), key.value.trim(), takesOver);
}

function stop(): void {
  broadcast.stop();
  notice.clear();
  showState({ name: 'idle' });
}

function isOnAir(): boolean {
  return stateName !== 'idle' && stateName !== 'failed' && stateName !== 'closed';
}

function showState(state: KeeperState): void {
  stateName = state.name;
  const isBusy = isOnAir();
  pill.dataset.state = state.name;
  pill.textContent = PILL[state.name];
  showButton(isBusy);
  form.lock(isBusy);
  key.disabled = isBusy;
  if (state.name === 'live') {
    notice.clear();
    readings.start(() => broadcast.connection);
  }
  if (!isBusy) {
    readings.stop();
    warnings.show([], form.read().source);
  }
  if (state.name === 'recovering') {
    const words = state.error && explain(state.error, 'publish');
    notice.show(words ?? 'The connection was lost. Going live again…', { isPassing: true });
  }
  if (state.name === 'waiting') notice.show(explain(state.error, 'publish'), { isPassing: true });
  if (state.name === 'failed') {
    const offersTakeOver = state.error.status === 409;
    notice.show(explain(state.error, 'publish'), { offersTakeOver });
    if (state.error.status === 401) key.focus();
  }
}

/** One button takes the place of the other, and the keyboard focus with it. */
function showButton(isBusy: boolean): void {
  const [shown, other] = isBusy ? [stopButton, goLive] : [goLive, stopButton];
  const hasFocus = document.activeElement === other;
  shown.hidden = false;
  other.hidden = true;
  if (hasFocus) shown.focus();
}

/** Unplugged, or "stop sharing": another device may do; the session waits for it without a picture. */
function onSourceEnded(): void {
  notice.show('The source has ended. Choose another one.');
  offerSource();
  void form.refreshDevices();
  // A camera that was pulled out has often a sibling, which the browser then chooses.
  if (form.source.value === 'camera') {
    form.camera.value = '';
    void openChosen();
  }
}

async function changeSource(): Promise<void> {
  form.showFields();
  if (!isOnAir()) capture.close();
  offerSource();
  // The browser asks which screen over the whole page: not before a person wants it, since arrow keys go through the
  // sources one by one.
  if (form.read().source === 'screen') return;
  await openChosen();
}

/** Whether the camera can be opened without a question appearing out of nowhere. */
async function isCameraAllowed(): Promise<boolean> {
  try {
    const name = 'camera' as PermissionName;
    return (await navigator.permissions.query({ name })).state === 'granted';
  } catch {
    return false;
  }
}

element('settings', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault();
  if (!isOnAir() && goLive.ariaDisabled !== 'true') void start(false);
});
stopButton.addEventListener('click', stop);
openSource.addEventListener('click', () => void openChosen());
for (const select of [form.source, form.camera, form.microphone, form.resolution, form.fps]) {
  select.addEventListener('change', () => void changeSource());
}
element('show-key', HTMLButtonElement).addEventListener('click', (event) => {
  const isShown = key.type === 'password';
  key.type = isShown ? 'text' : 'password';
  (event.currentTarget as HTMLButtonElement).setAttribute('aria-pressed', String(isShown));
});
element('copy-link', HTMLButtonElement).addEventListener('click', async (event) => {
  const button = event.currentTarget as HTMLButtonElement;
  const link = element('watch-link', HTMLInputElement);
  link.select();
  // Without HTTPS there is no clipboard; then the link is at least selected.
  const isCopied = await navigator.clipboard?.writeText(link.value).then(
    () => true,
    () => false,
  );
  button.textContent = isCopied ? 'Copied' : 'Selected';
});
navigator.mediaDevices?.addEventListener('devicechange', () => void form.refreshDevices());
addEventListener('online', () => broadcast.hurry());
addEventListener('pagehide', () => broadcast.leave());
addEventListener('pageshow', (event) => {
  // Back from the browser's page cache, where the session has ended.
  if (event.persisted) location.reload();
});

async function begin(): Promise<void> {
  const before = broadcast.wishesBeforeReload();
  const wishes = before ?? parseWishes(location.search);
  form.apply(wishes);
  offerSource();
  if (before) await start(true);
  else if (wishes.starts) await start(false);
  else if (wishes.source === 'pattern' || (await isCameraAllowed())) await openChosen();
}

void begin();
