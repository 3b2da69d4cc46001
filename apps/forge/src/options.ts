import { InvalidArgumentError } from 'commander';

/** Parser of an option that is a whole number of at least `min`. */
export function integerOption(min: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isSafeInteger(value) || value < min)
      throw new InvalidArgumentError(`It is a whole number of at least ${min}.`);
    return value;
  };
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
