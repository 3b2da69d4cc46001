/** A tensor as a codec stored it. */
export interface CompressedTensor {
  /** Name of the codec. */
  readonly codec: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** Stored tensors by name, with what those of one codec share: a whole model, or a part of one. */
export interface Compressed {
  readonly tensors: ReadonlyMap<string, CompressedTensor>;
  /** Shared tables by the name of their codec. */
  readonly shared: ReadonlyMap<string, Uint8Array>;
}

/** What the tables of a codec are called in a file; no tensor of a model has such a name. */
export function sharedName(codec: string): string {
  return `shared.${codec}`;
}

/** Parts as one; of a name that several have the last counts. */
export function joined(parts: readonly Compressed[]): Compressed {
  return {
    tensors: new Map(parts.flatMap(({ tensors }) => [...tensors])),
    shared: new Map(parts.flatMap(({ shared }) => [...shared])),
  };
}
