import { readFile, stat } from 'node:fs/promises';
import { stringify } from 'yaml';
import { ForgeError, shownValue } from '@agent-forge/contracts';
import type { FloatDtype } from '@agent-forge/model';
import { MERGE_METHODS, noSuchMethod } from '../methods/index.js';
import type { MergeMethod } from '../method.js';
import { Field } from './fields.js';
import { parseLocatedYaml } from './located-yaml.js';
import type {
  MergeRecipe,
  ModelReference,
  OutputSlice,
  SourceModel,
  SourceSlice,
  TokenizerChoice,
  TokenSource,
} from './recipe.js';
import { NO_SETTINGS, readSettings, type Settings } from './settings.js';

/** A recipe with gradients for every layer of a dozen models has some ten kB. */
const MAX_RECIPE_BYTES = 1_000_000;

/** The keys at the top of a recipe. */
export const TOP_KEYS = [
  ...(['merge_method', 'base_model', 'models', 'slices', 'modules', 'parameters', 'dtype', 'out_dtype'] as const),
  ...(['tokenizer_source', 'tokenizer', 'chat_template', 'name', 'forge'] as const),
] as const;

/** The keys of the `forge` section. A merge reads `on_mismatch` and `seed`; the others say what a run does besides. */
export const FORGE_KEYS = ['on_mismatch', 'seed', 'name', 'families', 'data', 'models', 'phases', 'budget'] as const;

/** Architectures that can be read consist of one module, which mergekit calls this. */
const MODULE = 'default';

/**
 * Reads a recipe from a file.
 * @throws ForgeError `FILE_NOT_FOUND`, `PAYLOAD_TOO_LARGE`, and what {@link parseMergeRecipe} throws
 */
export async function readMergeRecipe(path: string): Promise<MergeRecipe> {
  const found = await stat(path).catch((error: unknown) => {
    throw new ForgeError('FILE_NOT_FOUND', `${path} does not exist or cannot be read`, error);
  });
  if (!found.isFile()) throw new ForgeError('FILE_NOT_FOUND', `${path} is not a file`);
  if (found.size > MAX_RECIPE_BYTES)
    throw new ForgeError(
      'PAYLOAD_TOO_LARGE',
      `${path} has ${found.size} bytes; a recipe has at most ${MAX_RECIPE_BYTES}`,
    );
  const bytes = await readFile(path);
  try {
    return parseMergeRecipe(new TextDecoder('utf-8', { fatal: true }).decode(bytes), path);
  } catch (error) {
    if (error instanceof TypeError) throw new ForgeError('INVALID_ARGUMENT', `${path} is not UTF-8 text`, error);
    throw error;
  }
}

/**
 * A recipe that a program makes: the same keys and values as in a file.
 * @param name stands for the file in messages
 * @throws ForgeError what {@link parseMergeRecipe} throws
 */
export function mergeRecipeOf(value: object, name = 'recipe'): MergeRecipe {
  return parseMergeRecipe(stringify(value), name);
}

/**
 * Reads mergekit's recipe format. What mergekit would ignore without a word is refused (unknown keys) or noted (parameters
 * of other methods).
 * @param path for messages, and what models are named relative to
 * @throws ForgeError `INVALID_ARGUMENT` with line and column
 */
export function parseMergeRecipe(text: string, path: string): MergeRecipe {
  return readMergeFields(new Field(path, 'the recipe', parseLocatedYaml(text, path)), text);
}

/**
 * Reads a recipe out of a parsed file. Where the field collects mistakes and finds some, the result is good for nothing.
 * @param text of the file, which is kept with the result
 * @throws ForgeError `INVALID_ARGUMENT` with line and column
 */
export function readMergeFields(root: Field, text: string): MergeRecipe {
  const f = root.fields(TOP_KEYS);
  if (f.merge_method === undefined)
    return root.fail('merge_method is missing; it names the method, for example linear');
  const method = readMethod(f.merge_method);
  const notes = new Set<string>();
  const read = new BodyReader(method, notes);
  const forge = f.forge ? f.forge.attempt(() => f.forge!.fields(FORGE_KEYS)) : {};
  const part = <T>(field: Field | undefined, or: T, readPart: (field: Field) => T): T =>
    field === undefined ? or : field.attempt(() => readPart(field));
  return {
    path: root.path,
    text,
    name: part<string | null>(f.name, null, (field) => field.text()),
    method,
    methodAt: f.merge_method.at,
    base: part<ModelReference | null>(f.base_model, null, readModel),
    dtype: part<FloatDtype | null>(f.dtype, null, readDtype),
    outDtype: part<FloatDtype | null>(f.out_dtype, null, readDtype),
    ...root.attempt(() => read.body(root, f)),
    settings: part(f.parameters, NO_SETTINGS, (field) => read.settings(field, 'shared')),
    tokenizer: root.attempt(() => readTokenizer(f.tokenizer, f.tokenizer_source)),
    chatTemplate: part<MergeRecipe['chatTemplate']>(f.chat_template, null, (field) => ({
      text: field.text(),
      at: field.at,
    })),
    onMismatch: part<MergeRecipe['onMismatch']>(forge?.on_mismatch, 'error', (field) =>
      field.choice(['error', 'truncate']),
    ),
    seed: part<MergeRecipe['seed']>(forge?.seed, 0, readSeed),
    notes: [...notes],
  };
}

function readMethod(field: Field): MergeMethod {
  const name = field.text();
  return MERGE_METHODS.get(name) ?? field.fail(noSuchMethod(name));
}

function readSeed(field: Field): number | string {
  const value = field.scalar();
  return typeof value === 'number' || typeof value === 'string'
    ? value
    : field.fail(`${field.name} is not a number or a text`);
}

const DTYPES: Readonly<Record<string, FloatDtype>> = { float32: 'F32', bfloat16: 'BF16', float16: 'F16' };

function readDtype(field: Field): FloatDtype {
  const name = field.text().replace(/^torch\./, '');
  return Object.hasOwn(DTYPES, name)
    ? DTYPES[name]!
    : field.fail(`${field.name} is ${shownValue(name)}; it must be ${Object.keys(DTYPES).join(', ')}`);
}

/** A path, or the map that mergekit writes where a path has spaces. */
function readModel(field: Field): ModelReference {
  if (field.node.kind !== 'map') return checkReference(field.text(), field);
  const f = field.fields(['model', 'lora', 'override_architecture']);
  if (f.lora) return f.lora.fail('LoRA adapters cannot be merged yet; merge the adapter into its model first');
  if (f.override_architecture) return f.override_architecture.fail('override_architecture is not supported');
  if (f.model === undefined) return field.fail(`${field.name} has no model`);
  if (f.model.node.kind !== 'map') return { text: f.model.text(), at: f.model.at };
  const { path, revision } = f.model.fields(['path', 'revision']);
  if (revision) return revision.fail('a revision names a model of a hub; only local folders are read');
  return path ? { text: path.text(), at: path.at } : f.model.fail(`${f.model.name} has no path`);
}

function checkReference(text: string, field: Field): ModelReference {
  if (text.includes('+'))
    field.fail(
      `${field.name} adds a LoRA adapter (+), which is not supported yet; merge the adapter into its model first`,
    );
  return { text, at: field.at };
}

function readTokenizer(section: Field | undefined, source: Field | undefined): TokenizerChoice | null {
  if (section !== undefined && source !== undefined)
    return source.fail('tokenizer and tokenizer_source exclude each other');
  if (section === undefined)
    return source ? { at: source.at, source: readSource(source), tokens: new Map(), padToMultipleOf: 1 } : null;
  const f = section.fields(['source', 'tokens', 'pad_to_multiple_of']);
  const tokens = [...(f.tokens?.entries() ?? [])];
  return {
    at: section.at,
    source: f.source ? readSource(f.source) : 'union',
    tokens: new Map(tokens.map(([token, field]) => [token, readToken(field)])),
    padToMultipleOf: f.pad_to_multiple_of?.integer(1) ?? 1,
  };
}

function readToken(field: Field): TokenSource {
  const { source, force } = field.fields(['source', 'force']);
  return { at: field.at, from: source ? readTokenSource(source) : null, force: force?.flag() ?? false };
}

function readTokenSource(field: Field): TokenSource['from'] {
  const kind = field.node.kind === 'map' ? field.entries().get('kind') : undefined;
  if (kind === undefined) return { model: readModel(field), token: null };
  if (kind.choice(['zero', 'model_token']) === 'zero') return field.fields(['kind']) && 'zero';
  const f = field.fields(['kind', 'model', 'token', 'token_id']);
  if (f.model === undefined) return field.fail(`${field.name} has no model`);
  if ((f.token === undefined) === (f.token_id === undefined))
    return field.fail(`${field.name} has either token or token_id`);
  return { model: readModel(f.model), token: f.token?.text() ?? f.token_id!.integer(0) };
}

function readSource(field: Field): TokenizerChoice['source'] {
  const value = field.node.kind === 'scalar' ? field.text() : null;
  return value === 'base' || value === 'union' ? value : readModel(field);
}

type Body = Pick<MergeRecipe, 'body' | 'moduleSettings'>;
type BodyFields = Partial<Record<'models' | 'slices' | 'modules', Field>>;

/** Reads what is merged, and judges the parameters of one method on the way. */
class BodyReader {
  constructor(
    private readonly method: MergeMethod,
    private readonly notes: Set<string>,
  ) {}

  body(root: Field, { models, slices, modules }: BodyFields): Body {
    const given = [models, slices, modules].filter((field) => field !== undefined);
    if (given.length !== 1)
      return (given[1] ?? root).fail(`a recipe has one of models, slices and modules, not ${given.length} of them`);
    if (modules === undefined) return { body: this.sources(models, slices), moduleSettings: NO_SETTINGS };
    const module = modules.fields([MODULE])[MODULE];
    if (module === undefined) return modules.fail(`modules has no ${MODULE}`);
    const f = module.fields(['models', 'slices', 'parameters']);
    if ((f.models === undefined) === (f.slices === undefined))
      return module.fail(`${module.name} has either models or slices`);
    return { body: this.sources(f.models, f.slices), moduleSettings: this.settings(f.parameters, 'shared') };
  }

  private sources(models: Field | undefined, slices: Field | undefined): MergeRecipe['body'] {
    if (models !== undefined)
      return { kind: 'models', models: models.items().map((item) => item.attempt(() => this.model(item))) };
    return { kind: 'slices', slices: slices!.items().map((item) => item.attempt(() => this.slice(item))) };
  }

  private model(field: Field): SourceModel {
    const { model, parameters } = field.fields(['model', 'parameters']);
    if (model === undefined) return field.fail(`${field.name} has no model`);
    return { model: readModel(model), settings: this.settings(parameters, 'input') };
  }

  private slice(field: Field): OutputSlice {
    const f = field.fields(['sources', 'base_model', 'parameters', 'residual_weight']);
    if (f.sources === undefined) return field.fail(`${field.name} has no sources`);
    if (f.residual_weight) this.notes.add('residual_weight has no effect, as in mergekit');
    return {
      at: field.at,
      sources: f.sources.items().map((item) => item.attempt(() => this.source(item))),
      base: f.base_model ? readModel(f.base_model) : null,
      settings: this.settings(f.parameters, 'shared'),
    };
  }

  private source(field: Field): SourceSlice {
    const { model, layer_range: range, parameters } = field.fields(['model', 'layer_range', 'parameters']);
    if (model === undefined) return field.fail(`${field.name} has no model`);
    if (range === undefined) return field.fail(`${field.name} has no layer_range`);
    const layers = range.items().map((item) => item.integer(0));
    if (layers.length !== 2 || layers[0]! >= layers[1]!)
      return range.fail(`${range.name} is not a range [from, to) of layers`);
    const settings = this.settings(parameters, 'input');
    return { model: readModel(model), layers: [layers[0]!, layers[1]!], settings };
  }

  /** @param level `input` for the parameters of one model, which parameters of the whole merge are not read from */
  settings(field: Field | undefined, level: 'input' | 'shared'): Settings {
    return readSettings(field, (name, at) => {
      const { method, notes } = this;
      if (Object.hasOwn(method.perInput, name)) return;
      if (!Object.hasOwn(method.shared, name)) {
        if (!isParameterOfAny(name)) at.fail(unknownParameter(name, method));
        notes.add(`${name} has no effect on ${method.name}`);
      } else if (level === 'input')
        notes.add(`${name} has no effect on a single model; it belongs into the parameters of the whole merge`);
    });
  }
}

const isParameterOfAny = (name: string): boolean =>
  [...MERGE_METHODS.values()].some(
    (method) => Object.hasOwn(method.shared, name) || Object.hasOwn(method.perInput, name),
  );

function unknownParameter(name: string, method: MergeMethod): string {
  const known = [...Object.keys(method.perInput), ...Object.keys(method.shared)];
  const allowed = known.length === 0 ? `${method.name} has none` : `${method.name} has ${known.join(', ')}`;
  return `unknown parameter ${JSON.stringify(name.slice(0, 80))}; ${allowed}`;
}
