import { Type, type Static } from '@sinclair/typebox';
import { paramsOf } from '../phase.js';
import { CONTINUED } from '../shared/continued.js';
import { oneOf } from '../shared/one-of.js';

/** What `apply` says where no expert goes into the weights, and where the mixture does that was found for the whole mix. */
export const APPLY = { nothing: 'none', mixture: 'mixture' } as const;

const { steps, rows, rowLength, maxRollbacks, itemsPerFamily } = CONTINUED;

/** Parameters of adas. */
export const params = paramsOf({
  maxSeconds: Type.Number({
    default: 30,
    exclusiveMinimum: 0,
    maximum: 604_800,
    description: 'Time for training all experts; becomes a number of steps once, by a measured rate.',
  }),
  steps,
  domains: Type.Optional(
    Type.Array(Type.String(), {
      minItems: 1,
      maxItems: 64,
      uniqueItems: true,
      description:
        'Task families, or on text alone data sets, that get an expert each (when left out: those that the model is worst at on select).',
    }),
  ),
  experts: Type.Integer({
    default: 3,
    minimum: 1,
    maximum: 64,
    description: 'How many experts there are, where domains are not named.',
  }),
  method: oneOf(['next-token', 'reinforce'], {
    default: 'next-token',
    description: 'Learns right answers by their tokens, or from rewards for its own answers (REINFORCE).',
  }),
  learningRate: Type.Optional(
    Type.Number({
      exclusiveMinimum: 0,
      maximum: 1,
      description: 'Peak rate of Adam on the expert vectors (when left out: 0.01 for next-token, 0.005 for reinforce).',
    }),
  ),
  generalist: Type.Boolean({
    default: true,
    description: 'Trains one more expert, on the whole mix for the steps of one: the control that needs no router.',
  }),
  singularValues: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 65_536,
      description: 'Of each matrix, the largest so many singular values are scaled (when left out: all).',
    }),
  ),
  rows,
  rowLength,
  answers: Type.Integer({
    default: 128,
    minimum: 2,
    maximum: 4096,
    description: 'Answers that an expert gives in a step of reinforce.',
  }),
  temperature: Type.Number({
    default: 1,
    exclusiveMinimum: 0,
    maximum: 10,
    description: 'At which answers are drawn in reinforce.',
  }),
  maxRollbacks,
  routerItems: Type.Integer({
    default: 40,
    minimum: 2,
    maximum: 10_000,
    description: 'Questions of each family that the router is fitted to; so many are also what it is chosen by.',
  }),
  shots: Type.Integer({
    default: 10,
    minimum: 1,
    maximum: 1000,
    description: 'Items of each family of the select part that mixtures are searched with.',
  }),
  generations: Type.Integer({
    default: 5,
    minimum: 0,
    maximum: 100,
    description: 'Of the search for mixtures; 0 for no mixtures.',
  }),
  population: Type.Integer({
    default: 32,
    minimum: 2,
    maximum: 4096,
    description: 'Mixtures in a generation.',
  }),
  eliteShare: Type.Number({
    default: 0.2,
    exclusiveMinimum: 0,
    maximum: 1,
    description: 'Part of a generation that the next is drawn around.',
  }),
  apply: Type.Union(
    [Type.String({ maxLength: 200 }), Type.Record(Type.String(), Type.Number({ minimum: -10, maximum: 10 }))],
    {
      default: APPLY.nothing,
      description:
        'What goes into the weights that go on: none, the name of an expert, mixture for the one found on the whole mix, or parts by names of experts.',
    },
  ),
  agents: Type.Object(
    {
      generations: Type.Integer({
        default: 3,
        minimum: 0,
        maximum: 100,
        description:
          'Of the search for agents, after the designs by hand; 0 for no search. There is none on text alone.',
      }),
      population: Type.Integer({ default: 6, minimum: 1, maximum: 256, description: 'Agents in a generation.' }),
      items: Type.Integer({
        default: 40,
        minimum: 1,
        maximum: 10_000,
        description: 'Items of each family of the select part that agents are scored on.',
      }),
      reportItems: Type.Integer({
        default: 50,
        minimum: 1,
        maximum: 100_000,
        description: 'Items of each family of the report part that the front is measured on, once.',
      }),
      steps: Type.Integer({
        default: 64,
        minimum: 1,
        maximum: 1024,
        description: 'Requests to the model and other steps that an agent may take for one answer.',
      }),
    },
    { default: {}, additionalProperties: false, description: 'The search for ways to answer with the model.' },
  ),
  itemsPerFamily,
  minGain: Type.Number({
    default: -0.02,
    minimum: -1,
    maximum: 1,
    description:
      'Gate: how much accuracy experts must gain on their own domains on average (on text bits per byte); below 0 they may lose so much.',
  }),
  minDispatch: Type.Number({
    default: 0.8,
    minimum: 0,
    maximum: 1,
    description: 'Gate: part of the questions that reach the right expert, or none where there is none for them.',
  }),
  maxRegression: Type.Number({
    default: 0.02,
    minimum: 0,
    maximum: 1,
    description:
      'Gate: accuracy that the model may lose on the whole mix by what is applied; on text alone, bits per byte.',
  }),
});

/** Parameters of adas, resolved. */
export type AdasParams = Static<typeof params>;
