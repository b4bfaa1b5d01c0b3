import { element } from '../element.ts';
import type { SourceKind } from './settings.ts';

/** What is wrong for viewers of HLS and DASH, and what to do about it, in the words of a person. */
const WORDS: Record<string, string> = {
  'broken-timestamps':
    'The times in your stream jump. Its pictures are placed by when they arrive; restart the encoder if this stays.',
  'b-frames': 'Your encoder sends B-frames, which are left out. Turn them off (WebRTC has none).',
  'changing-format':
    'Size or format of your pictures keep changing, and players begin anew each time. Choose a fixed or smaller resolution.',
  'unplayable-profile':
    'Your encoder makes H.264 that browsers do not play (10 bits, 4:2:2 or 4:4:4). Choose the profile high, main or baseline, and the colour format NV12 or I420.',
  'few-pictures':
    'Fewer than 13 pictures a second arrive. Choose a smaller resolution, or close what keeps this computer busy.',
  'rare-keyframes':
    'Your encoder sends no keyframe when it is asked for one. Set its keyframe interval to 2 seconds.',
  'no-parameter-sets':
    'Your encoder leaves out parameter sets (SPS and PPS), so that nothing can be shown. Have them sent with each keyframe.',
  malformed: 'Some of what your encoder sends cannot be read, and is left out. Restart it, or try another.',
  'no-transcoder':
    'This server does not encode, so that they see no picture. Choose H264, or ask its operator to turn encoding on.',
  'transcoder-full':
    'The server has no room to encode this stream, so that they may see no picture. Choose H264 or a smaller resolution, or ask its operator.',
  'transcoder-failed':
    'The server fails to encode this stream, so that they may see no picture. Choose H264, and tell its operator.',
};

/** A screen that stands still is no trouble: the server fills the time between its pictures. */
const NONE_OF_A_SCREEN = 'few-pictures';

/** Says what is wrong with the stream for those who do not play it by WHEP, as long as it is. */
export class Warnings {
  private readonly box = element('warnings', HTMLElement);
  private readonly list = element('warning-list', HTMLUListElement);

  show(names: string[], source: SourceKind): void {
    const told = names.filter((name) => source !== 'screen' || name !== NONE_OF_A_SCREEN);
    this.list.replaceChildren(...told.map(itemOf));
    this.box.hidden = told.length === 0;
  }
}

function itemOf(name: string): HTMLLIElement {
  const item = document.createElement('li');
  item.dataset.warning = name;
  // A newer server may know more than this page.
  item.textContent = WORDS[name] ?? `Something is not as it should be: ${name}.`;
  return item;
}
