/**
 * The printable stand-ins of GPT-2's byte-level tokenizers: every byte is one character of a vocabulary entry
 * (Radford et al. 2019, GPT-2, section 2.2; the table is that of its published encoder). Printable Latin-1 characters
 * stand for themselves, the other 68 bytes for U+0100 onwards, in order.
 */
export const BYTE_TO_CHAR: readonly string[] = (() => {
  const printable = (b: number) => (b >= 0x21 && b <= 0x7e) || (b >= 0xa1 && b <= 0xac) || (b >= 0xae && b <= 0xff);
  let next = 0x100;
  return Array.from({ length: 256 }, (_, b) => String.fromCharCode(printable(b) ? b : next++));
})();

/** The byte of each stand-in. */
export const CHAR_TO_BYTE: ReadonlyMap<string, number> = new Map(BYTE_TO_CHAR.map((c, b) => [c, b]));
