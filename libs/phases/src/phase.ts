import { Type, type Static, type TObject } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import type { ArtifactKind, ArtifactName, ArtifactStore, DataSource } from '@agent-forge/contracts';
import type { PhaseOutcome } from '@agent-forge/run';
import type { Estimate, Situation } from './estimate.js';
import type { PhaseHost } from './host.js';
import { paramError, paramMistakes, type ParamMistake } from './param-mistakes.js';
import type { ClaimContext, PhaseClaim } from './shared/claims/claim.js';
import type { Task } from './task.js';

/** What a phase is given to work on. Plain data: it travels to the worker thread. */
export interface PhaseInput<P = Record<string, unknown>> {
  readonly tenant: string;
  readonly run: string;
  /** 1 for the first attempt of the phase in this run. */
  readonly attempt: number;
  /** The run's seed; every random number of the phase is derived from it. */
  readonly seed: number;
  /** Checked, defaults filled in. */
  readonly params: P;
  readonly allowFallback: boolean;
  readonly data: readonly DataSource[];
  /** The recipe's mix of task families, with their weights; empty when the run is on text alone. */
  readonly families: Readonly<Record<string, number>>;
  /** The artifacts of the phase before; for the first phase of a recipe, the models that the recipe imports, their role being their name. */
  readonly inputs: readonly ArtifactName[];
}

/** How far a phase is. */
export interface PhaseProgress {
  /** What is being done, for example `train trunk`. */
  stage: string;
  /** Share of the whole phase that is done, 0 to 1. */
  fraction: number;
  /** Steps done and steps of the stage. */
  step?: number;
  steps?: number;
  /** Estimate for the stage, in seconds. */
  secondsLeft?: number;
  /** The numbers of the moment, for example loss and tokensPerSecond. */
  metrics?: Record<string, number>;
}

/** What a phase works with. */
export interface PhaseContext<P = Record<string, unknown>> extends PhaseInput<P>, PhaseHost {
  readonly artifacts: ArtifactStore;
  /** An empty folder of its own, removed afterwards. */
  readonly workDir: string;
  /** Threads that it may keep busy. */
  readonly threads: number;
  /** What to write into lineages as the version of the code. */
  readonly codeVersion: string;
  /** Aborted when the work is no longer wanted: end soon, with any error. */
  readonly signal: AbortSignal;
  /** May be called as often as one likes; most calls are dropped on the way. */
  report(progress: PhaseProgress): void;
}

/** What a phase reads. */
export interface Consumption {
  /** Kinds of artifacts that it takes from the phase before, and how many at least; none for a phase that starts a run. */
  readonly kind?: ArtifactKind;
  readonly atLeast: number;
  /** Whether the recipe must name task families or data. */
  readonly data: boolean;
  /** A parameter with which less is needed. */
  readonly relaxed?: { readonly by: string; readonly atLeast: number; readonly data: boolean };
}

/** One artifact that a phase makes. */
export interface Production {
  /** Its role in the completion event, for example `merged`; a trailing `*` stands for a number. */
  readonly role: string;
  readonly kind: ArtifactKind;
  readonly meaning: string;
}

/** A phase: data and one function. */
export interface Phase<S extends TObject = TObject> {
  readonly name: string;
  /** URL of the module whose export `phase` this is, from which a worker thread loads it. */
  readonly module: string;
  readonly consumes: Consumption;
  readonly produces: readonly Production[];
  /** JSON Schema of its parameters, each with default, bounds and meaning. */
  readonly params: S;
  /** What one replica should be given. */
  readonly resources: { readonly cpus: number; readonly memoryMiB: number };
  /** What it hands out to whichever replica is free, by name; see {@link PhaseHost.runTasks}. */
  readonly tasks?: Readonly<Record<string, Task>>;
  /**
   * What the schema of its parameters cannot say; empty when nothing is wrong.
   * @param models roles of the models that it will find; `*` in a role stands for a part that the recipe chooses
   */
  check?(params: Static<S>, families: Readonly<Record<string, number>>, models: readonly string[]): ParamMistake[];
  /** What it will need and make, as far as can be told before: pure arithmetic on its parameters and what goes in. */
  estimate?(params: Static<S>, situation: Situation): Estimate;
  /** Does the work: reads artifacts, stores artifacts, measures. Runs in a worker thread. */
  run(context: PhaseContext<Static<S>>): Promise<PhaseOutcome>;
  /**
   * The metrics that its outcome can have: figures by name, and rows of its report, of which accuracy, loss and bits per byte are given. `*` stands for
   * a part that a recipe chooses.
   */
  readonly metrics?: { readonly figures: readonly string[]; readonly rows: readonly string[] };
  /** Proves its key figures again on the model at the end of the pipeline; when left out, what its report compares with what went on. */
  proveAgain?(context: ClaimContext<Static<S>>): Promise<PhaseClaim[]>;
  /** What keeps the result from being passed on; empty when nothing does. Measured on the report split. */
  gate(outcome: PhaseOutcome, params: Static<S>): string[];
  /** A simpler way to a usable result, taken only when the recipe allows it; its result is marked as degraded. */
  readonly fallback: { readonly name: string; run(context: PhaseContext<Static<S>>): Promise<PhaseOutcome> } | null;
}

/** Gives a phase its types. */
export function definePhase<S extends TObject>(phase: Phase<S>): Phase<S> {
  return phase;
}

/** The schema of a phase's parameters: nothing but what is named. */
export function paramsOf<T extends Parameters<typeof Type.Object>[0]>(properties: T): TObject<T> {
  return Type.Object(properties, { additionalProperties: false });
}

/**
 * Parameters as a recipe has them, checked and with their defaults filled in.
 * @throws ForgeError INVALID_ARGUMENT naming the parameter and what is allowed
 */
export function resolveParams<S extends TObject>(phase: Phase<S>, given: unknown): Static<S> {
  const [mistake] = paramMistakes(phase, given);
  if (mistake === undefined) return Value.Default(phase.params, structuredClone(given ?? {})) as Static<S>;
  throw paramError(phase.name, mistake);
}
