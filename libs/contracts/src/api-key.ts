import { isId } from './ids.js';

/** How keys begin, so that a person and a scanner of source code know one when they see it. */
export const API_KEY_PREFIX = 'afk_';
/** The prefix, the id, 43 characters of base64url (256 bits), and CRC-32 of all that in 8 hexadecimal digits. */
const API_KEY = /^(afk_([a-z0-9]{1,40})_[A-Za-z0-9_-]{43})_([0-9a-f]{8})$/;

/** The text of an API key out of its id and its secret (32 random bytes). */
export function formatApiKey(id: string, secret: Uint8Array): string {
  const text = `${API_KEY_PREFIX}${id}_${base64Url(secret)}`;
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

function base64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

/** CRC-32 as zlib has it, of ASCII; browsers have none. */
function crc32(text: string): number {
  let crc = ~0;
  for (const char of text) {
    crc ^= char.charCodeAt(0);
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
