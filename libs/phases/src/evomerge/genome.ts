import type { Json } from '@agent-forge/contracts';
import type { LlamaConfig } from '@agent-forge/model';
import type { RoleRecipe } from './merge-models.js';

/** More genes make states that no event can carry, and need more evaluations than minutes give. */
const MAX_GENES = 36;

/** Tensors that share their genes: those whose names contain one of the filters. The last group has none: it takes what is left. */
interface Group {
  readonly filters: readonly string[];
}

/** What a genome says of each model in each group. */
type Gene = 'weight' | 'density';

/** How numbers become a merge. */
export interface GenomeForm {
  readonly method: string;
  /** The base of methods on differences, by its role. */
  readonly base: string | undefined;
  /** Models that are merged, by their roles. */
  readonly models: readonly string[];
  readonly groups: readonly Group[];
  readonly genes: readonly Gene[];
}

/** Methods whose pruning is searched as well. */
const PRUNING = ['ties', 'dare_ties'];

/**
 * The form of the genomes of a search: for each group of tensors (attention and feed-forward part of each layer or stretch of layers, and the rest), for each
 * model, its weight and, where the method prunes, its density.
 */
export function genomeForm(
  method: string,
  { numLayers }: Pick<LlamaConfig, 'numLayers'>,
  models: readonly string[],
  base: string | undefined,
): GenomeForm {
  const used = base === undefined ? 'linear' : method;
  const genes: Gene[] = PRUNING.includes(used) ? ['weight', 'density'] : ['weight'];
  const perGroup = models.length * genes.length;
  // So many models that even two parts of the whole are too many genes have one group alone.
  const stretches = Math.max(0, Math.min(numLayers, Math.floor((MAX_GENES / perGroup - 1) / 2)));
  const layersOf = (stretch: number) =>
    Array.from({ length: numLayers }, (_, layer) => layer).filter(
      (layer) => Math.floor((layer * stretches) / numLayers) === stretch,
    );
  const groups = Array.from({ length: stretches }, (_, stretch) => layersOf(stretch)).flatMap((layers) => [
    { filters: layers.flatMap((l) => [`layers.${l}.self_attn`, `layers.${l}.input_layernorm`]) },
    { filters: layers.flatMap((l) => [`layers.${l}.mlp`, `layers.${l}.post_attention_layernorm`]) },
  ]);
  return {
    method: used,
    base: used === 'linear' ? undefined : base,
    models,
    groups: [...groups, { filters: [] }],
    genes,
  };
}

/** Where searches begin: equal weights, nothing pruned. For linear and task_arithmetic that is the plain average. */
export function startGenome({ models, groups, genes }: GenomeForm): number[] {
  const each = genes.map((gene) => (gene === 'weight' ? 1 / models.length : 1));
  return groups.flatMap(() => models.flatMap(() => each));
}

/** The merge recipe of a genome, in mergekit's form; models are named by their roles. Weights keep their sign, densities are cut to 0.01 … 1. */
export function recipeOf(form: GenomeForm, genome: readonly number[]): RoleRecipe {
  const { method, base, models, groups, genes } = form;
  const value = (group: number, model: number, gene: number) => {
    const raw = genome[(group * models.length + model) * genes.length + gene]!;
    return genes[gene] === 'density' ? Math.min(1, Math.max(0.01, Math.abs(raw))) : raw;
  };
  const listOf = (model: number, gene: number): Json =>
    groups.flatMap(({ filters }, group): Json[] => {
      const v = value(group, model, gene);
      return filters.length === 0 ? [{ value: v }] : filters.map((filter) => ({ filter, value: v }));
    });
  return {
    merge_method: method,
    ...(base === undefined ? {} : { base_model: base }),
    models: models.map((model, m) => ({
      model,
      parameters: Object.fromEntries(genes.map((gene, g) => [gene, listOf(m, g)])),
    })),
    // Weights are searched themselves: dividing by their sum would leave one direction of the space without effect.
    ...(method === 'linear' ? {} : { parameters: { normalize: false } }),
    dtype: 'float32',
  };
}
