import { createHash } from 'node:crypto';

/** SHA-256 of what is handed over piece by piece. */
export interface Sha256 {
  /** @param part a text counts as its UTF-8 bytes */
  update(part: string | Uint8Array): Sha256;
  /** Ends it: 64 hexadecimal digits. */
  hex(): string;
  /** Ends it: 32 bytes. */
  bytes(): Uint8Array;
}

/** In Node.js; `package.json` gives browsers sha256.browser.ts in place of this file. */
export function sha256(): Sha256 {
  const hash = createHash('sha256');
  const self: Sha256 = {
    update: (part) => {
      hash.update(part);
      return self;
    },
    hex: () => hash.digest('hex'),
    bytes: () => new Uint8Array(hash.digest()),
  };
  return self;
}
