import { ForgeError } from '@agent-forge/contracts';
import { defineFamily } from './family.js';

/** One exercise a ∘ b modulo p. */
export interface Residues {
  readonly a: number;
  readonly b: number;
  readonly operation: string;
  readonly modulus: number;
}

const PATTERN = /^(\d+) ?([-+*/]) ?(\d+) mod (\d+) ?=?$/;
/** A million pairs at most are listed, and no product leaves the exact integers. */
const MAX_MODULUS = 997;

const SETTINGS = {
  modulus: { default: 97, min: 2, max: MAX_MODULUS },
  operation: { default: '*', oneOf: ['+', '-', '*', '/'] },
  /** Whether a∘b and b∘a are one unit of the split; published grokking figures keep them apart. */
  commuted: { default: 'together', oneOf: ['together', 'apart'] },
} as const;

/** Arithmetic modulo a prime, the field's bench for late generalisation (Power et al. 2022; Lee et al. 2024, Grokfast). */
export const mod = defineFamily('mod', '12*45 mod 97= -> 55', SETTINGS, ({ modulus, operation, commuted }) => {
  if (!isPrime(modulus))
    throw new ForgeError('INVALID_ARGUMENT', `modulus of family mod must be prime, not ${modulus}`);
  const lowestB = operation === '*' || operation === '/' ? 1 : 0;
  const together = commuted === 'together' && (operation === '+' || operation === '*');
  const pairs = (modulus * (modulus - 1)) / 2;
  return {
    keyCount: together ? pairs + modulus - lowestB : modulus * (modulus - lowestB),
    chance: 1 / modulus,
    chanceOf: 'any constant residue: all are equally frequent',
    draw: (rng): Residues => ({ a: rng.int(modulus), b: lowestB + rng.int(modulus - lowestB), operation, modulus }),
    *all() {
      for (let a = 0; a < modulus; a += 1)
        for (let b = lowestB; b < modulus; b += 1) yield { a, b, operation, modulus };
    },
    prompt: (exercise) => `${exercise.a}${exercise.operation}${exercise.b} mod ${exercise.modulus}=`,
    parse,
    answer: (exercise) => String(solveModular(exercise)),
    key: ({ a, b, ...rest }) => {
      const [first, second] = together ? [Math.min(a, b), Math.max(a, b)] : [a, b];
      return `mod ${rest.modulus} ${first}${rest.operation}${second}`;
    },
    difficulty: (exercise) => exercise.modulus,
  };
});

/** a ∘ b in 0 … p − 1; division multiplies by b^(p − 2), the inverse by Fermat's little theorem. */
export function solveModular({ a, b, operation, modulus }: Residues): number {
  switch (operation) {
    case '+':
      return (a + b) % modulus;
    case '-':
      return (((a - b) % modulus) + modulus) % modulus;
    case '*':
      return (a * b) % modulus;
    default:
      return (a * power(b, modulus - 2, modulus)) % modulus;
  }
}

function parse(prompt: string): Residues | undefined {
  const match = PATTERN.exec(prompt);
  if (match === null) return undefined;
  const exercise = { a: Number(match[1]), b: Number(match[3]), operation: match[2]!, modulus: Number(match[4]) };
  const { a, b, operation, modulus } = exercise;
  if (modulus > MAX_MODULUS || !isPrime(modulus) || a >= modulus || b >= modulus) return undefined;
  return operation === '/' && b === 0 ? undefined : exercise;
}

function power(base: number, exponent: number, modulus: number): number {
  let result = 1;
  let square = base % modulus;
  for (let bits = exponent; bits > 0; bits >>= 1) {
    if (bits & 1) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

function isPrime(n: number): boolean {
  if (n < 2) return false;
  for (let divisor = 2; divisor * divisor <= n; divisor += 1) if (n % divisor === 0) return false;
  return true;
}
