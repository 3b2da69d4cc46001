import { Type, type Static } from '@sinclair/typebox';
import { paramsOf } from '../phase.js';

/** Parameters of cognate. */
export const params = paramsOf({
  seeds: Type.Integer({
    default: 2,
    minimum: 1,
    maximum: 8,
    description: 'Seed models, each trained on its own share of the text.',
  }),
  maxSeconds: Type.Number({
    default: 90,
    exclusiveMinimum: 0,
    maximum: 86_400,
    description:
      'Time for training trunk and seeds together; becomes a number of steps once, by measuring the first ones.',
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
    minimum: 0.05,
    maximum: 0.95,
    description: 'Part of all steps that trains the trunk; seeds that share too little of it cannot be averaged.',
  }),
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
  contextLength: Type.Integer({ default: 128, minimum: 8, maximum: 8192, description: 'Tokens in a row.' }),
  rows: Type.Integer({ default: 8, minimum: 1, maximum: 4096, description: 'Rows in a batch.' }),
  optimizer: Type.Union([Type.Literal('muon'), Type.Literal('adamw')], {
    default: 'muon',
    description: 'Optimiser of the hidden matrices; AdamW takes the rest.',
  }),
  learningRate: Type.Optional(
    Type.Number({
      exclusiveMinimum: 0,
      maximum: 1,
      description: 'Peak rate of the trunk; that of the optimiser when left out.',
    }),
  ),
  seedRate: Type.Number({
    default: 0.5,
    exclusiveMinimum: 0,
    maximum: 1,
    description:
      "Peak rate of the seeds as a part of the trunk's; large ones carry the seeds too far apart to be averaged.",
  }),
});

/** Parameters of cognate, resolved. */
export type CognateParams = Static<typeof params>;
