import { expectedShapes, type FloatDtype, type LlamaConfig } from '@agent-forge/model';
import type { ParameterSpec, ParameterSpecs } from '../parameters.js';
import { errorAt } from '../recipe/located-yaml.js';
import type { MergeRecipe, OutputSlice, SourceSlice } from '../recipe/recipe.js';
import { resolveSetting, type Settings } from '../recipe/settings.js';
import type { AlignedVocabularies } from './align-vocabularies.js';
import type { Participants } from './participants.js';
import type { ParameterValues, PlannedInput, PlannedTensor } from './plan.js';
import { baseOf, inputProblem } from './slices.js';

const EMBEDDING = 'model.embed_tokens.weight';
const HEAD = 'lm_head.weight';
const LAYER = /^model\.layers\.(\d+)\./;

/** Tensors with a row for each token. */
const BY_TOKEN: ReadonlySet<string> = new Set([EMBEDDING, HEAD]);

/** Which sources an output tensor is made from. */
interface Place {
  readonly slice: OutputSlice;
  readonly sources: readonly SourceSlice[];
  /** Layer within the slice; null outside of layers. */
  readonly offset: number | null;
  /** How far along in gradients. */
  readonly t: number;
}

/** One output tensor before its parameters are resolved. */
interface Position extends Place {
  readonly name: string;
  readonly shape: readonly number[];
}

/**
 * Decides for each tensor of the result which tensors of which models it is made from, with which parameters.
 * @param config of the result
 * @param align finds the rows of tokens; null takes them as they are
 * @throws ForgeError `INVALID_ARGUMENT` with its place for parameters that are missing or not allowed
 */
export function planTensors(
  recipe: MergeRecipe,
  participants: Participants,
  slices: readonly OutputSlice[],
  config: LlamaConfig,
  align: AlignedVocabularies['align'] | null,
): PlannedTensor[] {
  const places = layerPlaces(slices);
  return [...expectedShapes(config)].map(([name, shape]) => {
    const layer = LAYER.exec(name)?.[1];
    const place = layer === undefined ? outerPlace(name, recipe, participants, slices) : places[Number(layer)]!;
    const position = { name, shape, ...place };
    return new TensorPlanner(recipe, participants, position, BY_TOKEN.has(name) ? align : null).plan();
  });
}

/** For each output layer its slice, and where in it. */
function layerPlaces(slices: readonly OutputSlice[]): Place[] {
  return slices.flatMap((slice) => {
    const [from, to] = slice.sources[0]!.layers;
    return Array.from({ length: to - from }, (_, offset) => {
      return { slice, sources: slice.sources, offset, t: to - from > 1 ? offset / (to - from - 1) : 1 };
    });
  });
}

/** The embedding is made as the first slice says, final norm and head as the last one; both at the start of gradients. */
function outerPlace(
  name: string,
  recipe: MergeRecipe,
  participants: Participants,
  slices: readonly OutputSlice[],
): Place {
  const slice = name === EMBEDDING ? slices[0]! : slices.at(-1)!;
  // mergekit lets no more models take part than the first slice has sources; where its method could not do with those, all do.
  const few = slice.sources.slice(0, slices[0]!.sources.length);
  const base = baseIndexOf(recipe, slice, participants);
  const problem = inputProblem(
    recipe.method,
    few.map(({ model }) => participants.indexOf(model)),
    base,
  );
  return { slice, sources: problem === null ? few : slice.sources, offset: null, t: 0 };
}

/** Whether the result has a head of its own: where a model that gives to it has one. */
export function hasHead(recipe: MergeRecipe, participants: Participants, slices: readonly OutputSlice[]): boolean {
  const { sources } = outerPlace(HEAD, recipe, participants, slices);
  return sources.some(({ model }) => participants.of(model).source.dtypes.has(HEAD));
}

/** Null where there is no base, or the method treats it like the others. */
function baseIndexOf(recipe: MergeRecipe, slice: OutputSlice, participants: Participants): number | null {
  const reference = recipe.method.base === 'ignored' ? null : baseOf(recipe, slice);
  return reference === null ? null : participants.indexOf(reference);
}

class TensorPlanner {
  constructor(
    private readonly recipe: MergeRecipe,
    private readonly participants: Participants,
    private readonly position: Position,
    private readonly align: AlignedVocabularies['align'] | null,
  ) {}

  plan(): PlannedTensor {
    const { recipe, participants, position } = this;
    const baseIndex = baseIndexOf(recipe, position.slice, participants);
    const parts = position.sources.map((source, i) => this.input(source, i, baseIndex));
    const base = parts.find(({ source }) => source === baseIndex) ?? null;
    const inputs = parts.filter((part) => part !== base);
    const shared = this.sharedParameters();
    const problem =
      recipe.method.check?.(
        shared,
        inputs.map(({ parameters }) => parameters),
      ) ?? null;
    if (problem !== null)
      throw errorAt(recipe.path, recipe.methodAt, `${recipe.method.name} of ${position.name}: ${problem}`);
    const { name, shape } = position;
    return { name, shape, dtype: this.dtypeOf(parts), base, inputs, shared, alignment: this.alignment(base, inputs) };
  }

  private alignment(base: PlannedInput | null, inputs: readonly PlannedInput[]): PlannedTensor['alignment'] {
    const models = [...(base ? [base] : []), ...inputs].map(({ source }) => source);
    const reference = baseOf(this.recipe, this.position.slice);
    const position = reference === null ? -1 : models.indexOf(this.participants.indexOf(reference));
    return this.align?.({ models, base: position < 0 ? null : position }) ?? null;
  }

  private input(slice: SourceSlice, position: number, baseIndex: number | null): PlannedInput {
    const source = this.participants.indexOf(slice.model);
    const tensor = this.tensorOf(slice);
    const parameters = source === baseIndex ? {} : this.inputParameters(slice, tensor);
    return { source, tensor, position, parameters };
  }

  /** The name in the source; a tied model gives its embedding for the head. */
  private tensorOf({ model, layers }: SourceSlice): string {
    const { name, offset } = this.position;
    if (offset !== null) return name.replace(LAYER, `model.layers.${layers[0] + offset}.`);
    return name === HEAD && !this.participants.of(model).source.dtypes.has(HEAD) ? EMBEDDING : name;
  }

  private inputParameters(slice: SourceSlice, tensor: string): ParameterValues {
    const { method, path } = this.recipe;
    // Filters look at the name that an untied model would have.
    const name = tensor === EMBEDDING ? this.position.name : tensor;
    const scopes = [slice.settings, ...this.sharedScopes()];
    return this.resolve(method.perInput, scopes, name, (parameter) => {
      const what = `${parameter} is missing for ${slice.model.text} (${name}); ${method.name} needs it`;
      throw errorAt(path, slice.model.at, what);
    });
  }

  private sharedParameters(): ParameterValues {
    const { method, methodAt, path } = this.recipe;
    return this.resolve(method.shared, this.sharedScopes(), this.position.name, (parameter) => {
      throw errorAt(path, methodAt, `${parameter} is missing (${this.position.name}); ${method.name} needs it`);
    });
  }

  private sharedScopes(): Settings[] {
    return [this.position.slice.settings, this.recipe.moduleSettings, this.recipe.settings];
  }

  private resolve(
    specs: ParameterSpecs,
    scopes: readonly Settings[],
    tensor: string,
    missing: (parameter: string) => never,
  ): ParameterValues {
    const entries = Object.entries(specs).map(([name, spec]) => {
      return [name, this.valueOf(name, spec, scopes, tensor) ?? spec.fallback ?? missing(name)];
    });
    return Object.fromEntries(entries) as ParameterValues;
  }

  private valueOf(name: string, spec: ParameterSpec<unknown>, scopes: readonly Settings[], tensor: string): unknown {
    for (const settings of scopes) {
      const setting = settings.get(name);
      if (setting === undefined) continue;
      const where = `${this.recipe.path}:${setting.at.line}:${setting.at.column}`;
      const value = resolveSetting(setting, name, spec, tensor, this.position.t, where);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  /** What the recipe says, or the widest type of the inputs. */
  private dtypeOf(parts: readonly PlannedInput[]): FloatDtype {
    const { outDtype, dtype } = this.recipe;
    const stored = parts.map(({ source, tensor }) => this.participants.models[source]!.source.dtypes.get(tensor)!);
    return outDtype ?? dtype ?? (stored.every((each) => each === stored[0]) ? stored[0]! : 'F32');
  }
}
