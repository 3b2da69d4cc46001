import type { JsonObject } from '@bufbuild/protobuf';
import type { BudgetRequest, GateRequest } from '@agent-forge/contracts';
import type { Located, MergeRecipe, Place } from '@agent-forge/merge';

/** Data or a model that a recipe names: what lies on this machine, or an artifact that the system has already. */
export interface Source {
  readonly name: string;
  readonly at: Place;
  /** Absolute. */
  readonly path?: string;
  /** 64 hexadecimal digits. */
  readonly artifactId?: string;
}

/** One phase of a recipe. */
export interface PhaseEntry {
  readonly phase: string;
  readonly at: Place;
  readonly params: JsonObject;
  /** What the recipe says of the phase, for the places of mistakes; null where it says nothing. */
  readonly node: Located | null;
  readonly allowFallback: boolean;
  readonly gates: Readonly<Record<string, GateRequest>>;
}

/** A recipe as it is written. Local paths in it are for the client alone: what is submitted names artifacts. */
export interface Recipe {
  /** Where it was read from, for messages; paths in it are relative to its folder. */
  readonly path: string;
  readonly name: string;
  readonly seed: number;
  readonly families: Readonly<Record<string, number>>;
  readonly data: readonly Source[];
  readonly models: readonly Source[];
  readonly phases: readonly PhaseEntry[];
  readonly budget: BudgetRequest;
  /** The merge that stands at the top of the file, where one does. */
  readonly merge: MergeRecipe | null;
}
