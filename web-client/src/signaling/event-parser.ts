/** One server-sent event. */
export interface ServerEvent {
  name: string;
  data: string;
}

/**
 * Longest event that is kept, in characters; a longer one ends the stream. A server that lists four
 * layers writes 500.
 */
const EVENT_CHARS_MAX = 65_536;

/** Reads the event stream format of the HTML standard ("Server-sent events"), piece by piece. */
export class EventParser {
  private rest = '';

  /** The events that this piece of text completes. */
  push(text: string): ServerEvent[] {
    const events: ServerEvent[] = [];
    // A line ends with LF, CR LF or CR; one CR at the end may be half of an end.
    const whole = this.rest + text;
    const isHalf = whole.endsWith('\r');
    const lines = (isHalf ? whole.slice(0, -1) : whole).replace(/\r\n?/g, '\n');
    const blocks = lines.split('\n\n');
    this.rest = (blocks.pop() ?? '') + (isHalf ? '\r' : '');
    if (this.rest.length > EVENT_CHARS_MAX) throw new Error('an event without end');
    for (const block of blocks) {
      const event = parsed(block);
      if (event) events.push(event);
    }
    return events;
  }
}

function parsed(block: string): ServerEvent | undefined {
  let name = 'message';
  const data: string[] = [];
  for (const line of block.split('\n')) {
    const field = /^([^:]*)(?:: ?(.*))?$/.exec(line);
    const value = field?.[2] ?? '';
    // A comment has no name; other fields are of no use here.
    if (field?.[1] === 'event') name = value;
    if (field?.[1] === 'data') data.push(value);
  }
  return data.length > 0 ? { name, data: data.join('\n') } : undefined;
}
