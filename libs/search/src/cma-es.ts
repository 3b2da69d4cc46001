import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { ForgeError, Rng, type Json } from '@agent-forge/contracts';
import { ranked, restored, StatefulSearch, type SearchSettings, type SearchState } from './search.js';

/** More parameters than this take seconds for each decomposition, and more evaluations than anybody has. */
const MAX_PARAMETERS = 500;
/** An eigenvalue below this part of the largest is rounding; it is kept from becoming negative. */
const SMALLEST_EIGENVALUE = 1e-14;

/** What changes from generation to generation. */
interface CmaState extends SearchState {
  mean: number[];
  sigma: number;
  /** The lower triangle, row by row: row i has i + 1 values. */
  covariance: number[][];
  pathSigma: number[];
  pathCovariance: number[];
}

/** Constants that follow from dimension and population (Hansen, "The CMA Evolution Strategy: A Tutorial", arXiv:1604.00772, table 1, without negative weights). */
interface Constants {
  lambda: number;
  weights: number[];
  muEff: number;
  cSigma: number;
  dSigma: number;
  cC: number;
  c1: number;
  cMu: number;
  /** Expected length of a standard normal vector. */
  chi: number;
}

/** Covariance matrix adaptation evolution strategy: minimises, with rank-one and rank-µ updates and cumulative step-size adaptation. */
export class CmaEs extends StatefulSearch<CmaState> {
  readonly #constants: Constants;
  readonly #settings: SearchSettings;
  #asked: { genomes: number[][]; steps: number[][]; inverseRoot: Matrix } | undefined;

  /** @param state of {@link CmaEs.state}, to go on from it with the same settings */
  constructor(settings: SearchSettings, state?: Json) {
    super(state === undefined ? initial(settings) : restored(state));
    const n = settings.start.length;
    if (n < 1 || n > MAX_PARAMETERS || !(settings.sigma > 0))
      throw new ForgeError('INVALID_ARGUMENT', `CMA-ES takes 1 to ${MAX_PARAMETERS} parameters and a sigma over 0`);
    this.#settings = settings;
    this.#constants = constantsOf(n, settings.population);
  }

  get center(): readonly number[] {
    return this.current.mean;
  }
  /** The overall step size. */
  get sigma(): number {
    return this.current.sigma;
  }

  ask(): readonly (readonly number[])[] {
    return (this.#asked ??= this.#draw()).genomes;
  }

  tell(fitness: readonly number[]): void {
    const { genomes, steps, inverseRoot } = (this.#asked ??= this.#draw());
    const { lambda } = this.#constants;
    if (fitness.length !== lambda)
      throw new ForgeError('INVALID_ARGUMENT', `this generation has ${lambda} candidates, not ${fitness.length}`);
    const order = ranked(fitness);
    this.#adapt(
      order.map((i) => steps[i]!),
      inverseRoot,
    );
    this.count(genomes, fitness);
    this.#asked = undefined;
  }

  #draw(): { genomes: number[][]; steps: number[][]; inverseRoot: Matrix } {
    const { mean, sigma, covariance, generation } = this.current;
    const { eigenvectorMatrix: vectors, realEigenvalues } = new EigenvalueDecomposition(symmetric(covariance), {
      assumeSymmetric: true,
    });
    const floor = SMALLEST_EIGENVALUE * Math.max(...realEigenvalues);
    const roots = realEigenvalues.map((value) => Math.sqrt(Math.max(value, floor)));
    const root = vectors.mmul(Matrix.diag(roots)).mmul(vectors.transpose());
    const inverseRoot = vectors.mmul(Matrix.diag(roots.map((r) => 1 / r))).mmul(vectors.transpose());
    const rng = Rng.derive(this.#settings.seed, 'cma-es', generation);
    const steps = Array.from({ length: this.#constants.lambda }, () => {
      const normal = Matrix.columnVector(mean.map(() => rng.normal()));
      return root.mmul(normal).to1DArray();
    });
    const genomes = steps.map((step) => mean.map((m, i) => m + sigma * step[i]!));
    return { genomes, steps, inverseRoot };
  }

  /** @param steps of the candidates, best first: y in x = mean + sigma · y */
  #adapt(steps: readonly number[][], inverseRoot: Matrix): void {
    const { weights, muEff, cSigma, dSigma, cC, c1, cMu, chi } = this.#constants;
    const state = this.current;
    const n = state.mean.length;
    const step = state.mean.map((_, i) => weights.reduce((sum, w, k) => sum + w * steps[k]![i]!, 0));
    state.mean = state.mean.map((m, i) => m + state.sigma * step[i]!);
    const whitened = inverseRoot.mmul(Matrix.columnVector(step)).to1DArray();
    const gainSigma = Math.sqrt(cSigma * (2 - cSigma) * muEff);
    state.pathSigma = state.pathSigma.map((p, i) => (1 - cSigma) * p + gainSigma * whitened[i]!);
    const length = Math.hypot(...state.pathSigma);
    const expected = Math.sqrt(1 - (1 - cSigma) ** (2 * (state.generation + 1)));
    const isShort = length / expected < (1.4 + 2 / (n + 1)) * chi ? 1 : 0;
    const gainC = isShort * Math.sqrt(cC * (2 - cC) * muEff);
    state.pathCovariance = state.pathCovariance.map((p, i) => (1 - cC) * p + gainC * step[i]!);
    const old = 1 - c1 - cMu + (1 - isShort) * c1 * cC * (2 - cC);
    state.covariance = state.covariance.map((row, i) =>
      row.map((value, j) => {
        const rankMu = weights.reduce((sum, w, k) => sum + w * steps[k]![i]! * steps[k]![j]!, 0);
        return old * value + c1 * state.pathCovariance[i]! * state.pathCovariance[j]! + cMu * rankMu;
      }),
    );
    state.sigma *= Math.exp((cSigma / dSigma) * (length / chi - 1));
  }
}

function initial({ start, sigma }: SearchSettings): CmaState {
  return {
    generation: 0,
    evaluations: 0,
    mean: [...start],
    sigma,
    covariance: start.map((_, i) => start.slice(0, i + 1).map((__, j) => (i === j ? 1 : 0))),
    pathSigma: start.map(() => 0),
    pathCovariance: start.map(() => 0),
    best: null,
  };
}

function symmetric(lower: readonly number[][]): Matrix {
  return new Matrix(lower.map((row, i) => lower.map((other, j) => (j <= i ? row[j]! : other[i]!))));
}

function constantsOf(n: number, population = 4 + Math.floor(3 * Math.log(n))): Constants {
  if (!Number.isInteger(population) || population < 2)
    throw new ForgeError('INVALID_ARGUMENT', `a population has at least 2 candidates, not ${population}`);
  const mu = Math.floor(population / 2);
  const raw = Array.from({ length: mu }, (_, i) => Math.log((population + 1) / 2) - Math.log(i + 1));
  const total = raw.reduce((sum, w) => sum + w, 0);
  const weights = raw.map((w) => w / total);
  const muEff = 1 / weights.reduce((sum, w) => sum + w * w, 0);
  const cSigma = (muEff + 2) / (n + muEff + 5);
  const c1 = 2 / ((n + 1.3) ** 2 + muEff);
  return {
    lambda: population,
    weights,
    muEff,
    cSigma,
    dSigma: 1 + 2 * Math.max(0, Math.sqrt((muEff - 1) / (n + 1)) - 1) + cSigma,
    cC: (4 + muEff / n) / (n + 4 + (2 * muEff) / n),
    c1,
    cMu: Math.min(1 - c1, (2 * (muEff - 2 + 1 / muEff)) / ((n + 2) ** 2 + muEff)),
    chi: Math.sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n)),
  };
}
