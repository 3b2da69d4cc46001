import { Type, type Static } from '@sinclair/typebox';
import { paramsOf } from '../phase.js';
import { CONTINUED } from '../shared/continued.js';

/** Ways to train that are compared; each differs from `plain` in one thing. */
export const ARMS = ['plain', 'weight-decay', 'grokfast', 'shuffled', 'self-model', 'dream'] as const;
/** One of them. */
export type Arm = (typeof ARMS)[number];

/** Parameters of training. */
export const params = paramsOf({
  arms: Type.Array(Type.Union(ARMS.map((arm) => Type.Literal<Arm>(arm))), {
    default: ['plain', 'grokfast'],
    minItems: 1,
    uniqueItems: true,
    description:
      'What is trained at equal tokens and compared: the optimiser as it is; with strong weight decay; with slow gradients amplified; without the curriculum or edgeOfChaos of the others (their control); with a loss for knowing its own hidden states; with some steps on what the model wrote itself.',
  }),
  maxSeconds: Type.Number({
    default: 80,
    exclusiveMinimum: 0,
    maximum: 604_800,
    description: 'Time for all arms together; becomes a number of steps once, by a measured rate.',
  }),
  steps: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 10_000_000,
      description: 'Optimiser steps of each arm, instead of maxSeconds.',
    }),
  ),
  whenNoGain: Type.Union(
    (['input', 'arm', 'fail'] as const).map((choice) => Type.Literal(choice)),
    {
      default: 'input',
      description:
        'What happens when no arm is better than the input on the select part: the input goes on, declared degraded; the best arm goes on all the same; or the phase fails.',
    },
  ),
  textShare: CONTINUED.textShare,
  rowLength: CONTINUED.rowLength,
  rows: CONTINUED.rows,
  optimizer: Type.Union([Type.Literal('adamw'), Type.Literal('muon')], {
    default: 'adamw',
    description: 'Optimiser of the hidden matrices; AdamW takes the rest.',
  }),
  learningRate: Type.Number({ default: 0.001, exclusiveMinimum: 0, maximum: 1, description: 'Peak rate.' }),
  weightDecay: Type.Number({
    default: 0.005,
    minimum: 0,
    maximum: 10,
    description: 'Weight decay of every arm but weight-decay.',
  }),
  strongWeightDecay: Type.Number({
    default: 0.1,
    minimum: 0,
    maximum: 10,
    description: 'Weight decay of the arm weight-decay.',
  }),
  grokfastFilter: Type.Union([Type.Literal('ema'), Type.Literal('ma')], {
    default: 'ema',
    description: 'Which mean of past gradients the arm grokfast amplifies: an exponential one, or that of a window.',
  }),
  grokfastAlpha: Type.Number({
    default: 0.98,
    minimum: 0,
    maximum: 0.99999,
    description: 'Decay of the exponential mean.',
  }),
  grokfastWindow: Type.Integer({
    default: 100,
    minimum: 2,
    maximum: 10_000,
    description: 'Gradients in the window; each is a copy of all weights in memory and in checkpoints.',
  }),
  grokfastLambda: Type.Optional(
    Type.Number({
      minimum: 0,
      maximum: 1000,
      description: 'Weight of the slow part of the gradient (when left out: 2 with ema, 5 with ma).',
    }),
  ),
  curriculum: Type.Union(
    (['none', 'loss', 'length'] as const).map((by) => Type.Literal(by)),
    {
      default: 'none',
      description:
        'Trains every arm but shuffled from easy to hard: by the loss of the model that comes in, or by the number of tokens (of task items).',
    },
  ),
  initialCompetence: Type.Number({
    default: 0.1,
    exclusiveMinimum: 0,
    maximum: 1,
    description: 'Share of the curriculum, from its easiest item, that is open at the first step.',
  }),
  curriculumShare: Type.Number({
    default: 0.5,
    exclusiveMinimum: 0,
    maximum: 1,
    description: 'Part of the steps after which the whole curriculum is open.',
  }),
  edgeOfChaos: Type.Boolean({
    default: false,
    description:
      'Steers every arm but shuffled to items so hard that the share of fresh ones which it answers right stays between minSuccess and maxSuccess.',
  }),
  minSuccess: Type.Number({ default: 0.55, minimum: 0, maximum: 1, description: 'Lower end of the band of success.' }),
  maxSuccess: Type.Number({ default: 0.75, minimum: 0, maximum: 1, description: 'Upper end of the band of success.' }),
  successWindow: Type.Integer({
    default: 100,
    minimum: 10,
    maximum: 10_000,
    description: 'Fresh train items of one measurement of success.',
  }),
  steerEvery: Type.Integer({
    default: 10,
    minimum: 1,
    maximum: 100_000,
    description: 'Steps from one measurement of success to the next.',
  }),
  explore: Type.Number({
    default: 0.1,
    minimum: 0,
    maximum: 1,
    description: 'Part of the items that are drawn from all difficulties while success is steered.',
  }),
  poolItems: Type.Integer({
    default: 4096,
    minimum: 100,
    maximum: 1_000_000,
    description:
      'Task items, and pieces of text, that a curriculum or edgeOfChaos ranks once; their arms and shuffled see no others.',
  }),
  selfModelWeight: Type.Number({
    default: 0.1,
    minimum: 0,
    maximum: 100,
    description: 'Weight of the self-modelling loss of the arm self-model.',
  }),
  selfModelWarmup: Type.Number({
    default: 0.1,
    minimum: 0,
    maximum: 1,
    description: 'Part of the steps over which that weight grows from 0.',
  }),
  selfModelLayers: Type.Optional(
    Type.Array(Type.Integer({ minimum: 1, maximum: 1024 }), {
      minItems: 1,
      maxItems: 64,
      uniqueItems: true,
      description: 'Layers whose output the model predicts, from 1 (when left out: the middle one and the last).',
    }),
  ),
  dreamEvery: Type.Integer({
    default: 20,
    minimum: 1,
    maximum: 1_000_000,
    description: 'Steps from one dream of the arm dream to the next.',
  }),
  dreamSteps: Type.Integer({
    default: 1,
    minimum: 1,
    maximum: 1_000_000,
    description: 'The last of them, which train on dreams instead of the mix.',
  }),
  dreamItems: Type.Integer({
    default: 512,
    minimum: 10,
    maximum: 1_000_000,
    description: 'Train prompts that are dreamed on, and as many pieces of text.',
  }),
  dreamTemperature: Type.Number({
    default: 1.2,
    exclusiveMinimum: 0,
    maximum: 10,
    description: 'Temperature at which the model dreams.',
  }),
  dreamSamples: Type.Integer({
    default: 4,
    minimum: 1,
    maximum: 100,
    description: 'Answers that are drawn to one prompt; the commonest is the dream.',
  }),
  dreamAgreement: Type.Number({
    default: 0.75,
    minimum: 0,
    maximum: 1,
    description: 'Share of these answers that must be the same for the dream to be kept.',
  }),
  maxRollbacks: Type.Integer({
    default: 3,
    minimum: 0,
    maximum: 20,
    description: 'Times that an arm which diverges is rolled back to its last good state, with half the rate.',
  }),
  itemsPerFamily: Type.Integer({
    default: 200,
    minimum: 10,
    maximum: 10_000,
    description: 'Items of each family that arms are chosen and measured on.',
  }),
  maxRegression: Type.Number({
    default: 0.02,
    minimum: 0,
    maximum: 1,
    description: 'Gate: how much less accurate than the input the result may be (in bits per byte on text alone).',
  }),
  minLossReduction: Type.Optional(
    Type.Number({
      minimum: 0,
      maximum: 1,
      description: "Gate: share of the input's loss that must be gone (when left out, not asked).",
    }),
  ),
});

/** Parameters of training, resolved. */
export type TrainingParams = Static<typeof params>;
