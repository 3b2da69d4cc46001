import { ForgeError } from '@agent-forge/contracts';

/** Reads settings out of an environment and gathers every mistake, so that one start tells them all. */
export class EnvReader {
  readonly #problems: string[] = [];

  constructor(private readonly env: NodeJS.ProcessEnv) {}

  /** A text; blanks around it are dropped, and an empty one counts as missing. */
  text(name: string): string | undefined {
    return this.env[name]?.trim() || undefined;
  }

  /** @param meaning what it is, for whoever has to set it */
  required(name: string, meaning: string): string {
    const value = this.text(name);
    if (value === undefined) this.#problems.push(`${name} is missing (${meaning})`);
    return value ?? '';
  }

  /** A whole number from `minimum` to `maximum`. */
  integer(name: string, fallback: number, minimum: number, maximum: number): number {
    const value = Number(this.text(name) ?? fallback);
    if (!Number.isInteger(value) || value < minimum || value > maximum) {
      this.#problems.push(`${name}=${this.env[name]} is not a whole number from ${minimum} to ${maximum}`);
    }
    return value;
  }

  /** One of a few words. */
  oneOf<T extends string>(name: string, fallback: T, words: readonly T[]): T {
    const value = (this.text(name) ?? fallback) as T;
    if (!words.includes(value)) this.#problems.push(`${name}=${value} is none of ${words.join(', ')}`);
    return value;
  }

  /** Adds a mistake that the caller has found. */
  refuse(problem: string): void {
    this.#problems.push(problem);
  }

  /** @throws ForgeError INVALID_ARGUMENT with every mistake at once */
  check(): void {
    if (this.#problems.length === 0) return;
    throw new ForgeError('INVALID_ARGUMENT', `the environment is refused: ${this.#problems.join('; ')}`);
  }
}
