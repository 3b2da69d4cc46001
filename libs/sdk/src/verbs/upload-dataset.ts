import type { UploadView } from '@agent-forge/contracts';
import { sendForJson, type Connection, type Content } from '../http/connection.js';

/**
 * Uploads a text as a data set. The same bytes give the same artifact.
 * @throws ForgeError DATA_INVALID when it is not UTF-8 text, PAYLOAD_TOO_LARGE, and those of every request
 */
export function uploadDataset(connection: Connection, content: Content, signal?: AbortSignal): Promise<UploadView> {
  return sendForJson(connection, {
    method: 'POST',
    path: '/v1/datasets',
    body: { content, type: 'text/plain; charset=utf-8' },
    isLong: true,
    ...(signal ? { signal } : {}),
  });
}
