import { InvalidArgumentError } from 'commander';

/** The gateway listens on the port that is given, auth on the one after it. */
const MAX_PORT = 65_534;

/** Parser of the gateway's port; 0 is any free one. */
export const portOption = integerOption(0, MAX_PORT);

/** Parser of an option that is a whole number of at least `min`, and of at most `max` where there is one. */
export function integerOption(min: number, max = Infinity): (text: string) => number {
  const limits = max === Infinity ? `of at least ${min}` : `from ${min} to ${max}`;
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isSafeInteger(value) || value < min || value > max)
      throw new InvalidArgumentError(`It is a whole number ${limits}.`);
    return value;
  };
}

const UNIT_BYTES: Readonly<Record<string, number>> = { '': 1, B: 1, KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 };

/** Reads a size in bytes, such as `500MB`. */
export function sizeOption(text: string): number {
  const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([kmgt]?b)?$/i.exec(text.trim()) ?? [];
  const bytes = Number(digits) * UNIT_BYTES[unit.toUpperCase()]!;
  if (!(bytes >= 1)) throw new InvalidArgumentError('It is a size such as 500MB or 5GB.');
  return bytes;
}

/** Parser of an option that is a number of at least `min`. */
export function numberOption(min: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || value < min)
      throw new InvalidArgumentError(`It is a number of at least ${min}.`);
    return value;
  };
}

/** Gathers an option that may be given several times. */
export function listOption(value: string, before: readonly string[]): string[] {
  return [...before, value];
}
