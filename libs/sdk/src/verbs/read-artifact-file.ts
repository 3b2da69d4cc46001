import { ForgeError, sha256, type ManifestFile } from '@agent-forge/contracts';
import { bytesOf } from '../http/bytes.js';
import { send, sendError, type Connection } from '../http/connection.js';

/**
 * The bytes of a file of an artifact, verified while they are read.
 * @param file as the artifact's manifest names it
 * @throws ForgeError DIGEST_MISMATCH at the end when the bytes are not those of the manifest, and those of every request
 */
export async function* readArtifactFile(
  connection: Connection,
  id: string,
  { name, digest }: ManifestFile,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const path = `/v1/artifacts/${encodeURIComponent(id)}/files/${name.split('/').map(encodeURIComponent).join('/')}`;
  const answer = await send(connection, { path, isLong: true, ...(signal ? { signal } : {}) });
  const hash = sha256();
  try {
    for await (const chunk of answer.body ? bytesOf(answer.body) : []) {
      hash.update(chunk);
      yield chunk;
    }
  } catch (error) {
    throw sendError(error, new URL(connection.url), signal);
  }
  if (hash.hex() === digest) return;
  throw new ForgeError('DIGEST_MISMATCH', `${name} of artifact ${id} did not arrive as it was stored; try again`);
}
