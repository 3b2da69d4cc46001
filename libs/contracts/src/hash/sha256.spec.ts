import { expect, test } from '@jest/globals';
import { Rng } from '../random.js';
import { sha256 as plain } from './sha256.browser.js';
import { sha256 as native } from './sha256.js';

test('the one of browsers agrees with Node.js for every length around the ends of blocks, however the message is cut', () => {
  const rng = Rng.derive(1, 'sha256');
  for (let length = 0; length <= 260; length++) {
    const message = Uint8Array.from({ length }, () => rng.int(256));
    const expected = native().update(message).hex();
    expect([length, plain().update(message).hex()]).toEqual([length, expected]);
    const cut = rng.int(length + 1);
    expect(plain().update(message.subarray(0, cut)).update(message.subarray(cut)).hex()).toBe(expected);
  }
});

test('both count a text as its UTF-8 bytes, and give the digest as bytes too', () => {
  for (const make of [plain, native]) {
    expect(make().update('abc').hex()).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(make().update('ä€😀').hex()).toBe(make().update(new TextEncoder().encode('ä€😀')).hex());
    expect(Buffer.from(make().update('abc').bytes()).toString('hex')).toBe(make().update('abc').hex());
  }
});
