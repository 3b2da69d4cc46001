import { ForgeError } from '@agent-forge/contracts';

/** One event of 64 KiB with its name and id fits many times; a stream without ends of events is not kept for ever. */
const MAX_EVENT_LENGTH = 1024 * 1024;

/** An event as the server sent it. */
export interface ServerSentEvent {
  /** The last id that was sent, this event's or an earlier one's; empty when there was none. */
  id: string;
  /** Its name; `message` when it has none. */
  name: string;
  data: string;
}

/**
 * Reads an event stream as the HTML standard says ("Server-sent events", 9.2.6). An event that the stream's end cuts off is left out.
 * @throws ForgeError INVALID_EVENT when an event is longer than any of ours
 */
export async function* readServerSentEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  let [id, name, data, length]: [string, string, string[], number] = ['', '', [], 0];
  for await (const line of lines(body)) {
    if (line === '') {
      if (data.length > 0) yield { id, name: name || 'message', data: data.join('\n') };
      [name, data, length] = ['', [], 0];
      continue;
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1));
    if (field === 'data') {
      data.push(value);
      length += value.length;
      if (length > MAX_EVENT_LENGTH) throw new ForgeError('INVALID_EVENT', 'the event stream has an event without end');
    }
    if (field === 'event') name = value;
    else if (field === 'id' && !value.includes('\0')) id = value;
  }
}

/** Lines that end in CR, LF or both, without their ends; what follows the last end is dropped. */
async function* lines(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    let start = 0;
    for (const end of text.matchAll(/\r\n|\n|\r(?=[^])/g)) {
      yield text.slice(start, end.index);
      start = end.index + end[0].length;
    }
    text = text.slice(start);
    if (text.length > MAX_EVENT_LENGTH)
      throw new ForgeError('INVALID_EVENT', 'the event stream has a line without end');
  }
}
