import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';

/** A file to send, and the name to send it under. */
export interface FileToSend {
  readonly name: string;
  readonly path: string;
}

/**
 * The files as a body of type multipart/form-data (RFC 7578), read while it is sent.
 * @param onBytes hears how many bytes of all files together were read so far
 */
export function multipartBody(
  files: readonly FileToSend[],
  onBytes?: (bytes: number) => void,
): { content: AsyncIterable<Uint8Array>; type: string } {
  const boundary = `forge-${randomUUID()}`;
  let read = 0;
  async function* content(): AsyncGenerator<Uint8Array> {
    for (const { name, path } of files) {
      const disposition = `form-data; name="files"; filename="${quoted(name)}"`;
      yield Buffer.from(
        `--${boundary}\r\ncontent-disposition: ${disposition}\r\ncontent-type: application/octet-stream\r\n\r\n`,
      );
      for await (const chunk of createReadStream(path) as AsyncIterable<Uint8Array>) {
        yield chunk;
        onBytes?.((read += chunk.length));
      }
      yield Buffer.from('\r\n');
    }
    yield Buffer.from(`--${boundary}--\r\n`);
  }
  return { content: content(), type: `multipart/form-data; boundary=${boundary}` };
}

/** As the HTML standard escapes names of files. */
function quoted(name: string): string {
  return name.replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}
