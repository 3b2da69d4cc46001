import { crc32 } from 'node:zlib';
import { isId } from './ids.js';

/** How keys begin, so that a person and a scanner of source code know one when they see it. */
export const API_KEY_PREFIX = 'afk_';
/** The prefix, the id, 43 characters of base64url (256 bits), and CRC-32 of all that in 8 hexadecimal digits. */
const API_KEY = /^(afk_([a-z0-9]{1,40})_[A-Za-z0-9_-]{43})_([0-9a-f]{8})$/;

/** The text of an API key out of its id and its secret (32 random bytes). */
export function formatApiKey(id: string, secret: Uint8Array): string {
  const text = `${API_KEY_PREFIX}${id}_${Buffer.from(secret).toString('base64url')}`;
  return `${text}_${checksum(text)}`;
}

/** The id of a key by its text; undefined for what no key of ours can be, which is known without asking anybody. */
export function apiKeyId(text: string): string | undefined {
  const [, body, id, sum] = API_KEY.exec(text) ?? [];
  return body !== undefined && isId(id) && checksum(body) === sum ? id : undefined;
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}
