/** Models of one size. */
export interface ModelSize {
  readonly count: number;
  /** Weights of each. */
  readonly parameters: number;
}

/** What is known before a run about the machine, the recipe and what goes into a phase. */
export interface Situation {
  /** Measured, on the threads that phases are given: floating-point operations of a training step per second, counted as {@link trainingFlops} counts them. */
  readonly trainFlopsPerSecond: number;
  /** Models of the phase before; for the first phase, those that the recipe imports. */
  readonly models: ModelSize;
  /** Task families of the recipe. */
  readonly families: number;
  /** All data sets together. */
  readonly dataBytes: number;
}

/** What a phase will need, and what it will make for the phase after it. */
export interface Estimate {
  /** Optimiser steps, or candidates of a search. */
  readonly steps?: number;
  readonly seconds: number;
  /** Of the process that does it, at its peak. */
  readonly memoryMiB: number;
  /** What is stored, and what is needed in between. */
  readonly diskMiB: number;
  readonly makes: ModelSize;
}

export const MIB = 2 ** 20;
/** Weights are trained and stored as float32. */
export const BYTES_PER_WEIGHT = 4;
/** A service with the tensor engine loaded and nothing in it. */
export const PROCESS_MIB = 250;

/** The shape of a model, as far as its cost depends on it. */
export interface ModelShape {
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly vocabSize: number;
}

/** The batch of one step. */
export interface StepShape {
  readonly rows: number;
  readonly rowLength: number;
  readonly optimizer: 'muon' | 'adamw';
}

/** Iterations of Muon's Newton-Schulz (Jordan et al. 2024), each of three products. */
const NEWTON_SCHULZ_ITERATIONS = 5;

/** The optimiser's passes over a weight and its state are bound by memory; they cost about as much as so many operations of a product. */
export const FLOPS_PER_UPDATE = 2_000;
/** Weights, gradients, optimiser state, and the copies of them that go in and out of a call. */
const WEIGHT_COPIES = { muon: 11.5, adamw: 13.5 };

/** Weights of a Llama-family model with one embedding for input and output and as many key as query heads. */
export function parametersOf({ hiddenSize: d, intermediateSize: f, layers, vocabSize }: ModelShape): number {
  return vocabSize * d + layers * (4 * d * d + 3 * d * f + 2 * d) + d;
}

/**
 * Work of one optimiser step: six operations for each weight and token (Kaplan et al. 2020, section 2.1), the products of attention over a row, the
 * orthogonalisation of Muon, and what passing over the weights costs.
 */
export function trainingFlops(shape: ModelShape, { rows, rowLength, optimizer }: StepShape): number {
  const { hiddenSize: d, intermediateSize: f, layers } = shape;
  const tokens = rows * rowLength;
  const attention = 12 * layers * rowLength * d * tokens;
  const muon = optimizer === 'muon' ? layers * (4 * newtonSchulz(d, d) + 3 * newtonSchulz(d, f)) : 0;
  return parametersOf(shape) * (6 * tokens + FLOPS_PER_UPDATE) + attention + muon;
}

/** Work of reading tokens with a model, attention left out: sequences that are measured are short. */
export function forwardFlops(parameters: number, tokens: number): number {
  return 2 * parameters * tokens;
}

/**
 * Memory of a training at its peak. The coefficients are those of this engine, fitted to runs of 0.4 to 43 M parameters on batches of 256 to 4,096
 * tokens (docs/LOG.md): within a fifth of all of them.
 */
export function trainingMiB(shape: ModelShape, { rows, rowLength, optimizer }: StepShape): number {
  const { hiddenSize: d, intermediateSize: f, layers, heads } = shape;
  const weights = parametersOf(shape) * WEIGHT_COPIES[optimizer];
  const activations = rows * rowLength * layers * (16 * d + 6 * f + 4 * heads * rowLength);
  return PROCESS_MIB + (BYTES_PER_WEIGHT * (weights + activations)) / MIB;
}

/** A stored checkpoint: weights and the state of the optimiser. */
export function checkpointMiB(parameters: number, optimizer: StepShape['optimizer']): number {
  return (BYTES_PER_WEIGHT * parameters * (optimizer === 'muon' ? 2 : 3)) / MIB;
}

function newtonSchulz(rows: number, columns: number): number {
  const [m, n] = [Math.min(rows, columns), Math.max(rows, columns)];
  return NEWTON_SCHULZ_ITERATIONS * (4 * m * m * n + 2 * m * m * m);
}
