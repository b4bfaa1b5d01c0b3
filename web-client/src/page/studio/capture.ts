import { openCamera } from '../../source/camera.ts';
import { openPattern } from '../../source/pattern.ts';
import { openScreen } from '../../source/screen.ts';
import type { Source } from '../../source/source.ts';
import { element } from '../element.ts';
import type { Settings } from './settings.ts';

/** Holds the source that is open, and shows it in the preview. */
export class Capture {
  private readonly preview = element('preview', HTMLVideoElement);
  private readonly title: string;
  private readonly onEnded: () => void;
  private source: Source | undefined;
  /** Counts openings, so that one that was overtaken by another is put away when it arrives. */
  private openings = 0;

  constructor(title: string, onEnded: () => void) {
    this.title = title;
    this.onEnded = onEnded;
  }

  get media(): MediaStream | undefined {
    return this.source?.media;
  }

  /**
   * Opens what the settings ask for, and returns it; undefined where a newer call has overtaken it.
   * The source before stays open until the new one is there, so that a refusal changes nothing.
   */
  async open(settings: Settings): Promise<MediaStream | undefined> {
    this.openings += 1;
    const opening = this.openings;
    const source = await openSource(settings, this.title);
    if (opening !== this.openings) {
      source.stop();
      return undefined;
    }
    this.source?.stop();
    this.source = source;
    source.onEnded = () => this.drop(source);
    this.preview.srcObject = source.media;
    return source.media;
  }

  /** Lets go of the device. */
  close(): void {
    this.openings += 1;
    this.source?.stop();
    this.source = undefined;
    this.preview.srcObject = null;
  }

  private drop(source: Source): void {
    if (source !== this.source) return;
    this.close();
    this.onEnded();
  }
}

function openSource(settings: Settings, title: string): Promise<Source> | Source {
  switch (settings.source) {
    case 'camera':
      return openCamera(settings.camera, settings.microphone, settings.size);
    case 'screen':
      return openScreen(settings.microphone, settings.size);
    case 'pattern':
      return openPattern(settings.size, title);
  }
}
