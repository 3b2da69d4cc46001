import { PlaceError, memorySource, type MergeSource, type ModelReference } from '@agent-forge/merge';
import { byteTokenizer, expectedShapes, parseConfig } from '@agent-forge/model';
import { cognate, resolveParams } from '@agent-forge/phases';
import type { Recipe } from './recipe.js';

/** What cognate calls its seeds where a recipe does not. */
const DEFAULT_SEEDS = ['reasoning', 'memory', 'speed'];

/**
 * Stands for the models that cognate will make, so that a merge of them can be planned before they are there: their names and shapes, and no values.
 * @throws PlaceError for a model that it will not make
 */
export function standIns({ path, phases }: Recipe): (reference: ModelReference) => Promise<MergeSource> {
  const given = phases.find(({ phase }) => phase === cognate.name)!.params;
  const { seeds, hiddenSize, intermediateSize, layers, heads, contextLength } = resolveParams(cognate, given) as Params;
  const roles = ['trunk', 'generalist', ...(seeds ? Object.keys(seeds) : DEFAULT_SEEDS).map((name) => `seed-${name}`)];
  const tokenizer = byteTokenizer();
  const config = parseConfig({
    model_type: 'llama',
    vocab_size: tokenizer.vocabSize,
    hidden_size: hiddenSize,
    intermediate_size: intermediateSize,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    max_position_embeddings: contextLength,
    tie_word_embeddings: true,
  });
  const weights = new Map(
    [...expectedShapes(config)].map(([name, shape]) => [name, { shape, data: new Float32Array() }]),
  );
  return async ({ text, at }) => {
    if (roles.includes(text)) return memorySource(text, { config, weights, tokenizer });
    throw new PlaceError(path, at, `there is no model ${text.slice(0, 80)}; cognate makes ${roles.join(', ')}`);
  };
}

/** What of cognate's parameters its models depend on. */
interface Params {
  readonly seeds?: Readonly<Record<string, unknown>>;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly contextLength: number;
}
