import { Type, type Static } from '@sinclair/typebox';
import { paramsOf } from '../phase.js';
import { CONTINUED } from '../shared/continued.js';

/** Names of seeds become roles of artifacts. */
const SEED_NAME = '^[a-z][a-z0-9]{0,31}$';

/** More families than there are. */
const MAX_FAMILIES = 64;
const FAMILY_LIST = Type.Array(Type.String(), { maxItems: MAX_FAMILIES, uniqueItems: true });
const FAMILY_WEIGHTS = Type.Record(Type.String(), Type.Number({ exclusiveMinimum: 0, maximum: 1000 }), {
  maxProperties: MAX_FAMILIES,
});

/** The original's three specialists, with the task families that are theirs; families that a recipe does not have count for nobody. */
export const SPECIALTIES: Readonly<Record<string, readonly string[]>> = {
  reasoning: ['add', 'max', 'word', 'mod', 'parity', 'add@end', 'max@end', 'word@end'],
  memory: ['copy', 'memory', 'rev', 'rot', 'recall', 'copy@end', 'memory@end', 'rev@end', 'rot@end'],
  speed: ['sort', 'next', 'up', 'tool', 'sort@end', 'next@end', 'up@end'],
};

/** Parameters of cognate. */
export const params = paramsOf({
  // Optional, and not with a default: defaults are merged into what is given, and a recipe's own seeds are all the seeds that it wants.
  seeds: Type.Optional(
    Type.Record(Type.String({ pattern: SEED_NAME }), Type.Union([FAMILY_LIST, FAMILY_WEIGHTS]), {
      minProperties: 1,
      maxProperties: 8,
      description: `The seed models and the task families that each is to be best at, as a list or with weights among themselves (when left out: ${Object.keys(SPECIALTIES).join(', ')}, with what is usual for them). On text alone each gets its own share of the text, and its list is empty.`,
    }),
  ),
  ownShare: Type.Number({
    default: 0.65,
    minimum: 0,
    maximum: 1,
    description: "Part of a seed's items that come from its own families; the rest comes from the whole mix.",
  }),
  generalist: Type.Boolean({
    default: true,
    description: 'Trains one more branch on the whole mix with the steps of one seed: the honest control of the merge.',
  }),
  maxSeconds: Type.Number({
    default: 120,
    exclusiveMinimum: 0,
    maximum: 604_800,
    description: 'Time for all trainings; becomes numbers of steps once, by a measured rate.',
  }),
  steps: Type.Optional(
    Type.Integer({
      minimum: 3,
      maximum: 10_000_000,
      description: 'Optimiser steps of trunk and seeds together, instead of maxSeconds.',
    }),
  ),
  trunkShare: Type.Number({
    default: 0.5,
    minimum: 0,
    maximum: 0.95,
    description: 'Part of these steps that trains the trunk; seeds that share too little of it cannot be averaged.',
  }),
  textShare: CONTINUED.textShare,
  hiddenSize: Type.Integer({ default: 256, minimum: 16, maximum: 8192, multipleOf: 8, description: 'Width.' }),
  intermediateSize: Type.Integer({
    default: 512,
    minimum: 16,
    maximum: 32_768,
    multipleOf: 8,
    description: 'Width of the feed-forward part.',
  }),
  layers: Type.Integer({ default: 2, minimum: 1, maximum: 128, description: 'Layers.' }),
  heads: Type.Integer({
    default: 4,
    minimum: 1,
    maximum: 128,
    description: 'Attention heads; must divide hiddenSize into even parts.',
  }),
  contextLength: Type.Integer({ default: 128, minimum: 8, maximum: 8192, description: 'Positions of the model.' }),
  rowLength: CONTINUED.rowLength,
  rows: CONTINUED.rows,
  optimizer: Type.Union([Type.Literal('muon'), Type.Literal('adamw')], {
    default: 'muon',
    description: 'Optimiser of the hidden matrices; AdamW takes the rest.',
  }),
  learningRate: Type.Number({ default: 0.01, exclusiveMinimum: 0, maximum: 1, description: 'Peak rate of the trunk.' }),
  seedRate: Type.Number({
    default: 0.5,
    exclusiveMinimum: 0,
    maximum: 1,
    description:
      "Peak rate of the seeds as a part of the trunk's; large ones carry the seeds too far apart to be averaged.",
  }),
  maxRollbacks: CONTINUED.maxRollbacks,
  itemsPerFamily: CONTINUED.itemsPerFamily,
  minAccuracy: Type.Number({
    default: 0,
    minimum: 0,
    maximum: 1,
    description: 'Gate: accuracy over all families that every seed must have; on text alone it does not count.',
  }),
  minSpecialisation: Type.Number({
    default: 0,
    minimum: 0,
    maximum: 1,
    description: 'Gate: share of the families whose own seed must be the best on them.',
  }),
});

/** Parameters of cognate, resolved. */
export type CognateParams = Static<typeof params>;
