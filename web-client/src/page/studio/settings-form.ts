import { CODEC_NAMES, isVideoCodec, sendableCodecs } from '../../rtc/codecs.ts';
import { hasSpatialLayers, type Layering } from '../../rtc/encodings.ts';
import { type DeviceChoice, listDevices } from '../../source/camera.ts';
import { element } from '../element.ts';
import { parseResolution, type Settings, SOURCES, type Wishes } from './settings.ts';

/** Frame rates that a source is asked for, at most; cameras and screens go no faster. */
const FPS_MAX = 120;

/** The controls beside the preview. */
export class SettingsForm {
  readonly source = element('source-select', HTMLSelectElement);
  readonly camera = element('camera-select', HTMLSelectElement);
  readonly microphone = element('mic-select', HTMLSelectElement);
  readonly resolution = element('resolution-select', HTMLSelectElement);
  readonly fps = element('fps-select', HTMLSelectElement);
  private readonly codec = element('codec-select', HTMLSelectElement);
  private readonly bitrate = element('bitrate-select', HTMLSelectElement);
  private readonly simulcast = element('simulcast-toggle', HTMLInputElement);
  private readonly scalable = element('scalable-toggle', HTMLInputElement);
  private readonly quality = element('quality', HTMLFieldSetElement);

  constructor() {
    const capabilities = RTCRtpSender.getCapabilities('video');
    for (const codec of sendableCodecs(capabilities)) {
      this.codec.add(new Option(CODEC_NAMES[codec], codec));
    }
    this.fillDevices([], []);
    for (const control of [this.codec, this.simulcast]) {
      control.addEventListener('change', () => this.showFields());
    }
  }

  /** Applies what an address asks for. */
  apply(wishes: Wishes): void {
    if (wishes.source) this.source.value = wishes.source;
    if (wishes.codec) choose(this.codec, wishes.codec);
    if (wishes.resolution) addAndChoose(this.resolution, wishes.resolution);
    const fps = Number(wishes.framesPerSecond);
    if (Number.isInteger(fps) && fps >= 1 && fps <= FPS_MAX) addAndChoose(this.fps, String(fps), `${fps} fps`);
    const kbps = Number(wishes.bitrateKbps);
    if (Number.isInteger(kbps) && kbps > 0) {
      addAndChoose(this.bitrate, String(kbps), `${kbps / 1000} Mbit/s`);
    }
    if (wishes.layers !== undefined) {
      this.simulcast.checked = wishes.layers !== 'none';
      this.scalable.checked = wishes.layers === 'scalable';
    }
    this.showFields();
  }

  read(): Settings {
    const [widthPx, heightPx] = parseResolution(this.resolution.value) ?? [1280, 720];
    return {
      source: SOURCES.find((kind) => kind === this.source.value) ?? 'camera',
      camera: choiceOf(this.camera),
      microphone: choiceOf(this.microphone),
      codec: isVideoCodec(this.codec.value) ? this.codec.value : undefined,
      size: { widthPx, heightPx, framesPerSecond: Number(this.fps.value) },
      bitrateMaxBps: this.bitrate.value === '' ? undefined : Number(this.bitrate.value) * 1000,
      layers: this.layers(),
    };
  }

  private layers(): Layering {
    if (!this.simulcast.checked) return 'none';
    return this.scalable.checked && this.mayScale() ? 'scalable' : 'simulcast';
  }

  /** Only some codecs have several sizes in one stream. */
  private mayScale(): boolean {
    return isVideoCodec(this.codec.value) && hasSpatialLayers(this.codec.value);
  }

  /** What is negotiated stays as it is while live; the sources may change. */
  lock(isLive: boolean): void {
    this.quality.disabled = isLive;
  }

  /** Shows the fields that the source has. */
  showFields(): void {
    element('scalable', HTMLElement).hidden = !this.simulcast.checked || !this.mayScale();
    for (const field of document.querySelectorAll<HTMLElement>('[data-for]')) {
      field.hidden = !field.dataset.for?.split(' ').includes(this.source.value);
    }
  }

  /** Lists the devices at hand; a choice that is still there stays chosen. */
  async refreshDevices(): Promise<void> {
    const { cameras, microphones } = await listDevices();
    this.fillDevices(cameras, microphones);
  }

  private fillDevices(cameras: MediaDeviceInfo[], microphones: MediaDeviceInfo[]): void {
    fill(this.camera, cameras, 'Camera', []);
    fill(this.microphone, microphones, 'Microphone', [new Option('No microphone', 'none')]);
  }
}

function fill(
  select: HTMLSelectElement,
  devices: MediaDeviceInfo[],
  kind: string,
  extra: HTMLOptionElement[],
): void {
  const chosen = select.value;
  const options = devices.map(
    (device, index) => new Option(device.label || `${kind} ${index + 1}`, device.deviceId),
  );
  select.replaceChildren(new Option('Chosen by the browser', ''), ...options, ...extra);
  choose(select, chosen);
}

function choiceOf(select: HTMLSelectElement): DeviceChoice {
  return select.value === '' ? undefined : select.value;
}

function choose(select: HTMLSelectElement, value: string): boolean {
  const isListed = [...select.options].some((option) => option.value === value);
  if (isListed) select.value = value;
  return isListed;
}

function addAndChoose(select: HTMLSelectElement, value: string, label = value): void {
  if (choose(select, value)) return;
  select.add(new Option(label, value));
  select.value = value;
}
