import { ForgeError } from '@agent-forge/contracts/core';

/** A value as a recipe writes it. */
export type Scalar = number | boolean | string;

/** One parameter of a merge method: which values it takes and what it is when a recipe does not say. */
export interface ParameterSpec<T> {
  /** What is allowed, for messages: `a number`. */
  readonly expects: string;
  /** Undefined where there is no default, so that a recipe must say it. */
  readonly fallback: T | undefined;
  /** One sentence for the reference. */
  readonly meaning: string;
  /** @returns undefined when the value is not allowed */
  parse(value: Scalar): T | undefined;
}

/** Parameters by name. */
export type ParameterSpecs = Readonly<Record<string, ParameterSpec<unknown>>>;

/** What a method is given for its specs. */
export type Values<S extends ParameterSpecs> = {
  readonly [K in keyof S]: S[K] extends ParameterSpec<infer T> ? T : never;
};

/** YAML's plain numbers, and numbers in quotes as Python's YAML reads `1e-5`. */
function toNumber(value: Scalar): number | undefined {
  if (typeof value === 'boolean' || (typeof value === 'string' && value.trim() === '')) return undefined;
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}

export interface NumberLimits {
  readonly min?: number;
  readonly max?: number;
}

const withLimits = (what: string, { min, max }: NumberLimits): string => {
  if (min !== undefined && max !== undefined) return `${what} from ${min} to ${max}`;
  return min === undefined ? what : `${what} of at least ${min}`;
};

export function number(meaning: string, fallback?: number, limits: NumberLimits = {}): ParameterSpec<number> {
  const { min = -Infinity, max = Infinity } = limits;
  return {
    expects: withLimits('a number', limits),
    fallback,
    meaning,
    parse: (value) => {
      const parsed = toNumber(value);
      return parsed !== undefined && parsed >= min && parsed <= max ? parsed : undefined;
    },
  };
}

export function integer(meaning: string, fallback: number, limits: NumberLimits): ParameterSpec<number> {
  const base = number(meaning, fallback, limits);
  const parse = (value: Scalar): number | undefined => {
    const parsed = base.parse(value);
    return Number.isInteger(parsed) ? parsed : undefined;
  };
  return { ...base, expects: withLimits('a whole number', limits), parse };
}

const WORDS: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  '1': true,
  false: false,
  no: false,
  off: false,
  '0': false,
};

export function flag(meaning: string, fallback: boolean): ParameterSpec<boolean> {
  return {
    expects: 'true or false',
    fallback,
    meaning,
    parse: (value) => WORDS[String(value).toLowerCase()],
  };
}

/** How a sparsified task vector is scaled to make up for what was dropped. */
export type Rescale = 'none' | 'l1' | 'inverse_density';

/**
 * `true` is mergekit's rule: the tensor gets its L1 norm back. `inverse_density` divides what is kept by the probability of
 * keeping it (equation 1 of the DARE paper, arXiv 2311.03099), so that the expectation is the original.
 * @param random whether the mask is random, so that there is such a probability
 */
export function rescale(fallback: Rescale, random: boolean): ParameterSpec<Rescale> {
  return {
    expects: random ? 'true, false, l1 or inverse_density' : 'true, false or l1',
    fallback,
    meaning: 'scale what is kept to make up for what is dropped; true is l1',
    parse: (value) => {
      if (value === 'l1' || (random && value === 'inverse_density')) return value;
      const on = WORDS[String(value).toLowerCase()];
      return on === undefined ? undefined : on ? 'l1' : 'none';
    },
  };
}

/** Accepted for mergekit's sake: it chooses the type of a mask there, which changes no value. */
export const int8Mask = flag('has no effect; mergekit saves memory with it', false);

/** @throws ForgeError `INVALID_ARGUMENT` naming the parameter and what is allowed */
export function parseParameter<T>(name: string, spec: ParameterSpec<T>, value: Scalar, where: string): T {
  const parsed = spec.parse(value);
  if (parsed === undefined)
    throw new ForgeError(
      'INVALID_ARGUMENT',
      `${where}: ${name} is ${JSON.stringify(value)}; it must be ${spec.expects}`,
    );
  return parsed;
}
