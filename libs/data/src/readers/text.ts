import { isUtf8 } from 'node:buffer';
import { ForgeError } from '@agent-forge/contracts';
import type { TextBlock } from '../items.js';
import { splitOf } from '../split.js';
import { MAX_BLOCK_BYTES, MIN_BLOCK_BYTES } from './limits.js';

const LINE_FEED = 0x0a;
const SPACE = 0x20;
const LONGEST_CHARACTER_BYTES = 4;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * The blocks of a plain text file; together they are the file without its byte order mark.
 * @param name stands in messages
 * @throws ForgeError DATA_INVALID, with the line, for bytes that are not UTF-8 text, and for an empty file
 */
export function parseText(bytes: Buffer, name: string): TextBlock[] {
  const text = bytes.subarray(0, 3).equals(BYTE_ORDER_MARK) ? bytes.subarray(3) : bytes;
  if (text.length === 0) throw new ForgeError('DATA_INVALID', `${name} is empty`);
  const nul = text.indexOf(0);
  if (nul >= 0) {
    throw new ForgeError('DATA_INVALID', `${at(name, text, nul)}: a NUL byte; save the file as plain UTF-8 text`);
  }
  if (!isUtf8(text)) {
    throw new ForgeError('DATA_INVALID', `${at(name, text, firstBadLine(text))}: not UTF-8; save the file as UTF-8`);
  }
  return cutText(text);
}

/**
 * Cuts UTF-8 into contiguous blocks of at least {@link MIN_BLOCK_BYTES}, each at the first paragraph end after that, else
 * the first line end, else a blank; a shorter rest joins the last block. A text below the minimum is one block.
 */
export function cutText(bytes: Buffer): TextBlock[] {
  const blocks: TextBlock[] = [];
  for (let start = 0; start < bytes.length;) {
    const end = blockEnd(bytes, start);
    const text = bytes.toString('utf8', start, end);
    blocks.push({ text, part: splitOf(text) });
    start = end;
  }
  return blocks;
}

function blockEnd(bytes: Buffer, start: number): number {
  const least = start + MIN_BLOCK_BYTES;
  const most = Math.min(start + MAX_BLOCK_BYTES, bytes.length - MIN_BLOCK_BYTES) - LONGEST_CHARACTER_BYTES;
  if (most < least) return bytes.length;
  const window = bytes.subarray(least, most);
  const cuts = ['\n\n', '\n\r\n', '\n'].map((mark) => [window.indexOf(mark), mark.length] as const);
  const cut = cuts.find(([index]) => index >= 0);
  if (cut !== undefined) return least + cut[0] + cut[1];
  const blank = window.lastIndexOf(SPACE);
  return blank >= 0 ? least + blank + 1 : nextCharacter(bytes, most);
}

/** Steps out of the middle of a character to the next one's first byte. */
function nextCharacter(bytes: Buffer, index: number): number {
  let start = index;
  while (start < bytes.length && (bytes[start]! & 0xc0) === 0x80) start += 1;
  return start;
}

function firstBadLine(bytes: Buffer): number {
  let start = 0;
  for (;;) {
    const end = bytes.indexOf(LINE_FEED, start);
    if (end < 0 || !isUtf8(bytes.subarray(start, end))) return start;
    start = end + 1;
  }
}

function at(name: string, bytes: Buffer, index: number): string {
  let line = 1;
  for (let i = bytes.indexOf(LINE_FEED); i >= 0 && i < index; i = bytes.indexOf(LINE_FEED, i + 1)) line += 1;
  return `${name}:${line}`;
}
