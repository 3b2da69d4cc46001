import { randomId } from './bytes.js';
import type { Content } from './connection.js';

/** A file to send, and the name to send it under. */
export interface FileToSend {
  readonly name: string;
  /** What the browser or Node.js has as a whole, or something that is read while it is sent. */
  readonly content: Content;
}

/**
 * The files as a body of type multipart/form-data (RFC 7578). Where all are blobs it is one too, which browsers can send; otherwise it is read while it
 * is sent.
 * @param onBytes hears how many bytes of all files together were read so far; nothing of blobs
 */
export function multipartBody(
  files: readonly FileToSend[],
  onBytes?: (bytes: number) => void,
): { content: Content; type: string } {
  const boundary = `forge-${randomId()}`;
  const type = `multipart/form-data; boundary=${boundary}`;
  const head = (name: string) =>
    `--${boundary}\r\ncontent-disposition: form-data; name="files"; filename="${quoted(name)}"\r\ncontent-type: application/octet-stream\r\n\r\n`;
  const tail = `--${boundary}--\r\n`;
  const blobs = files.flatMap(({ name, content }) => (content instanceof Blob ? [head(name), content, '\r\n'] : []));
  if (blobs.length === files.length * 3) return { content: new Blob([...blobs, tail]), type };
  return { content: streamed(files, head, tail, onBytes), type };
}

async function* streamed(
  files: readonly FileToSend[],
  head: (name: string) => string,
  tail: string,
  onBytes: ((bytes: number) => void) | undefined,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  let read = 0;
  for (const { name, content } of files) {
    yield encoder.encode(head(name));
    for await (const chunk of content instanceof Blob ? [new Uint8Array(await content.arrayBuffer())] : content) {
      yield chunk;
      onBytes?.((read += chunk.length));
    }
    yield encoder.encode('\r\n');
  }
  yield encoder.encode(tail);
}

/** As the HTML standard escapes names of files. */
function quoted(name: string): string {
  return name.replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}
