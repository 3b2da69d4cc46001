/** Half of a surrogate pair; with this flag whole pairs are characters of their own. */
export const LONE_SURROGATE = /\p{Cs}/u;

/** Characters that a person does not see and a terminal obeys: controls, and those that turn the direction of writing. */
export const UNPRINTABLE = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/** A text with what a terminal would obey written out, such as `\\u001b`. */
export function printable(text: string): string {
  return text.replaceAll(
    new RegExp(UNPRINTABLE, 'gu'),
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
