import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { FastifyRequest } from 'fastify';
import { ForgeError, MAX_ARTIFACT_FILES } from '@agent-forge/contracts';

/** What may be uploaded. */
export interface UploadRules {
  /** @throws ForgeError for names of files that are not taken */
  assertName(name: string): void;
  /** Bytes of all files together. */
  readonly maxBytes: number;
  /** Passes a file on while checking it. */
  inspect(name: string, source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
}

/** Plain names, as artifacts have them: no folder, nothing hidden, nothing that a file system could take for something else. */
const PLAIN_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const MAX_SHOWN_NAME = 80;
/** A part has a disposition and a type. */
const MAX_PART_HEADERS = 10;
/** A part that is no file is not waited for; files are limited by the rules, since an upload is limited as a whole. */
const LIMITS = {
  fileSize: Infinity,
  files: MAX_ARTIFACT_FILES,
  parts: MAX_ARTIFACT_FILES,
  fields: 1,
  headerPairs: MAX_PART_HEADERS,
};

/**
 * Writes the parts of a multipart body into a folder, one after the other, as fast as they come.
 * @returns their names, in the order in which they came
 * @throws ForgeError UNSUPPORTED_FORMAT for another body, INVALID_ARGUMENT for what is no file, for names that are not plain or come twice, and for a body that breaks off or is not
 *   formed as RFC 7578 says; PAYLOAD_TOO_LARGE; STORE_UNAVAILABLE when the folder cannot be written; what the rules throw
 */
export async function receiveFiles(request: FastifyRequest, dir: string, rules: UploadRules): Promise<string[]> {
  if (!request.isMultipart())
    throw new ForgeError('UNSUPPORTED_FORMAT', 'files come as multipart/form-data, one part for each');
  // The parser would wait for ever for the end of a body whose sender has gone before it began.
  if (request.raw.destroyed) throw new ForgeError('INVALID_ARGUMENT', 'the upload broke off');
  const names: string[] = [];
  const left = { bytes: rules.maxBytes };
  try {
    // With the path that the sender gave, so that one that has folders is refused instead of cut.
    for await (const part of request.parts({ preservePath: true, limits: LIMITS })) {
      if (part.type !== 'file')
        throw new ForgeError('INVALID_ARGUMENT', `part "${shown(part.fieldname)}" is no file; each needs a filename`);
      const { filename: name, file } = part;
      assertPlain(name, names);
      rules.assertName(name);
      names.push(name);
      const target = createWriteStream(join(dir, name), { flags: 'wx', mode: 0o600 });
      await pipeline(file, (source) => limited(rules.inspect(name, source), left, rules.maxBytes), target);
    }
  } catch (error) {
    throw uploadError(error);
  }
  if (names.length === 0) throw new ForgeError('INVALID_ARGUMENT', 'the upload has no file; send one part for each');
  return names;
}

/** Passes bytes on while there are some left for the whole upload. */
async function* limited(
  source: AsyncIterable<Uint8Array>,
  left: { bytes: number },
  maxBytes: number,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    left.bytes -= chunk.length;
    if (left.bytes < 0) throw new ForgeError('PAYLOAD_TOO_LARGE', `the upload is over ${maxBytes} bytes`);
    yield chunk;
  }
}

/** Errors of the file system are ours, those of the parser's limits say what they are, and all others are about the body. */
function uploadError(error: unknown): unknown {
  if (error instanceof ForgeError) return error;
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  if (syscall !== undefined && code !== 'ECONNRESET')
    return new ForgeError('STORE_UNAVAILABLE', `the upload cannot be kept: ${message}`, error);
  if (code?.startsWith('FST_')) return error;
  return new ForgeError('INVALID_ARGUMENT', `the upload is not well-formed, or broke off: ${message}`, error);
}

function assertPlain(name: unknown, before: readonly string[]): asserts name is string {
  if (typeof name !== 'string' || !PLAIN_NAME.test(name)) {
    throw new ForgeError(
      'INVALID_ARGUMENT',
      `the file name "${shown(String(name ?? ''))}" is refused: give 1 to 128 letters, digits, "_", "-" or ".", without folders`,
    );
  }
  if (before.some((other) => other.toLowerCase() === name.toLowerCase()))
    throw new ForgeError('INVALID_ARGUMENT', `the file ${name} comes twice; send each once`);
}

function shown(text: string): string {
  return text.slice(0, MAX_SHOWN_NAME).replaceAll(/[^\x20-\x7e]/g, '?');
}
