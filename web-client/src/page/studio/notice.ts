import { element } from '../element.ts';

/** The one place where the studio says what is wrong, and offers what helps. */
export class Notice {
  private readonly box = element('error', HTMLElement);
  private readonly words = element('error-text', HTMLElement);
  private readonly takeOver = element('take-over', HTMLButtonElement);

  constructor(onTakeOver: () => void) {
    this.takeOver.addEventListener('click', onTakeOver);
  }

  /** `isPassing` is trouble that the page itself is dealing with. */
  show(words: string, { isPassing = false, offersTakeOver = false } = {}): void {
    this.box.dataset.tone = isPassing ? 'wait' : 'bad';
    this.takeOver.hidden = !offersTakeOver;
    // A live region that is told the same words again reads them again.
    if (this.words.textContent !== words) this.words.textContent = words;
    this.box.hidden = false;
  }

  clear(): void {
    this.box.hidden = true;
    this.words.textContent = '';
  }
}
