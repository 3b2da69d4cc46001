import { Type, type Static } from '@sinclair/typebox';
import { SEARCH_ALGORITHMS, type SearchAlgorithm } from '@agent-forge/search';
import { paramsOf } from '../phase.js';

/** A text of this length costs a candidate about as much as 40 items of each of a dozen families. */
export const TEXT_BYTES = 16 * 1024;

/** Parameters of evomerge. */
export const params = paramsOf({
  recipe: Type.Optional(
    Type.Record(Type.String(), Type.Unknown(), {
      description:
        "A plain recipe of mergekit, done as it is instead of a search; its models are the roles of the phase's inputs.",
    }),
  ),
  method: Type.Union(
    (['task_arithmetic', 'linear', 'ties', 'dare_ties'] as const).map((name) => Type.Literal(name)),
    {
      default: 'task_arithmetic',
      description:
        'How candidates are merged. Methods on differences take the trunk as their base; without one, linear is taken.',
    },
  ),
  algorithm: Type.Union(
    SEARCH_ALGORITHMS.map((name) => Type.Literal<SearchAlgorithm>(name)),
    {
      default: 'cma-es',
      description:
        "CMA-ES, the cross-entropy method, the original system's generational search (a population of 8), or random search as a control.",
    },
  ),
  population: Type.Integer({
    default: 12,
    minimum: 2,
    maximum: 1000,
    description: 'Candidates of a generation; the generational search always has 8.',
  }),
  sigma: Type.Number({
    default: 0.12,
    exclusiveMinimum: 0,
    maximum: 10,
    description: 'Spread of the first candidates around the plain average.',
  }),
  maxSeconds: Type.Number({
    default: 30,
    exclusiveMinimum: 0,
    maximum: 604_800,
    description: 'Time for the search; becomes a number of generations once, by a measured candidate.',
  }),
  evaluations: Type.Optional(
    Type.Integer({ minimum: 2, maximum: 100_000, description: 'Candidates in all, instead of maxSeconds.' }),
  ),
  patience: Type.Integer({
    default: 8,
    minimum: 1,
    maximum: 10_000,
    description: 'Generations without a gain of 0.001 in their mean fitness after which the search stops.',
  }),
  itemsPerFamily: Type.Integer({
    default: 40,
    minimum: 5,
    maximum: 10_000,
    description: 'Items of each family that candidates are scored on; new ones for each generation.',
  }),
  reportItemsPerFamily: Type.Integer({
    default: 200,
    minimum: 10,
    maximum: 10_000,
    description: 'Items of each family that the result is chosen and measured on.',
  }),
  maxRegression: Type.Number({
    default: 0.02,
    minimum: 0,
    maximum: 1,
    description:
      'Gate: how much less accurate than the best parent the result may be (in bits per byte on text alone).',
  }),
});

/** Parameters of evomerge, resolved. */
export type EvomergeParams = Static<typeof params>;
