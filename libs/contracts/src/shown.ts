const MAX_LENGTH = 80;

/** A value as a message names it: JSON, shortened, with infinities and NaN by their names. */
export function shownValue(value: unknown): string {
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.slice(0, MAX_LENGTH);
}
