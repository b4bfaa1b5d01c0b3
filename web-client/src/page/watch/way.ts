import { sessionText } from '../session-text.ts';
import type { Way } from './changeover.ts';

/** The option of the watch page's address: `?via=hls`. */
const OPTION = 'via';

/**
 * What a viewer wants, by the address or by what they chose before in this tab; undefined where
 * they have not said.
 */
export function wishedWay(stream: string): Way | undefined {
  return wayOf(new URLSearchParams(location.search).get(OPTION)) ?? wayOf(storeOf(stream).read());
}

/** For the next load of the page; the address no longer says otherwise. */
export function keepWay(stream: string, way: Way): void {
  storeOf(stream).write(way);
  const options = new URLSearchParams(location.search);
  if (!options.has(OPTION)) return;
  options.delete(OPTION);
  const search = options.size > 0 ? `?${options}` : '';
  history.replaceState(history.state, '', location.pathname + search + location.hash);
}

function storeOf(stream: string) {
  return sessionText(`freshet.${OPTION}.${stream}`);
}

function wayOf(text: string | null | undefined): Way | undefined {
  return text === 'whep' || text === 'hls' ? text : undefined;
}
