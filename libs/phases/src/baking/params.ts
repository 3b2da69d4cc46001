import { Type, type Static } from '@sinclair/typebox';
import { TOOL_SYSTEM } from '@agent-forge/data';
import { paramsOf } from '../phase.js';

const BAKE = Type.Object(
  {
    name: Type.String({ pattern: '^[a-z][a-z0-9-]{0,31}$', description: 'What the report calls it.' }),
    prompt: Type.String({
      minLength: 1,
      maxLength: 4096,
      description: 'The system prompt that goes into the weights.',
    }),
    queries: Type.Optional(
      Type.Array(Type.String({ description: 'A task family.' }), {
        minItems: 1,
        uniqueItems: true,
        description: 'Plain task families whose questions are to be answered as if the prompt stood before them.',
      }),
    ),
    questions: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 4096, description: 'A question.' }), {
        minItems: 1,
        maxItems: 10_000,
        uniqueItems: true,
        description: 'Questions of your own, with or instead of families; about one in ten is held out and measured.',
      }),
    ),
    marker: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 64,
        description: 'What answers under the prompt end with, to be counted.',
      }),
    ),
    share: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 1000,
        description: 'How much of the rows it gets, against the other bakes; 1 unless given.',
      }),
    ),
  },
  { additionalProperties: false, description: 'A prompt, and the questions that it is baked for.' },
);

/** Parameters of baking. */
export const params = paramsOf({
  bakes: Type.Array(BAKE, {
    default: [
      { name: 'persona', prompt: 'end !', queries: ['copy', 'sort'], marker: '!' },
      { name: 'tool', prompt: TOOL_SYSTEM, queries: ['word'] },
    ],
    minItems: 1,
    maxItems: 8,
    description: 'Prompts that are baked together; no family is in two of them.',
  }),
  steps: Type.Integer({ default: 80, minimum: 1, maximum: 100_000, description: 'Optimiser steps.' }),
  rows: Type.Integer({ default: 64, minimum: 2, maximum: 4096, description: 'Answers in a step.' }),
  keep: Type.Number({
    default: 0.5,
    minimum: 0,
    maximum: 0.9,
    description:
      'Part of the rows that are to stay as they are, prompted ones among them; half of them at least are advised.',
  }),
  textShare: Type.Number({
    default: 0.5,
    minimum: 0,
    maximum: 1,
    description: 'Part of the kept rows that are running text, where a recipe has both text and task families.',
  }),
  queriesPerFamily: Type.Integer({
    default: 100,
    minimum: 1,
    maximum: 100_000,
    description: 'Questions of each family, of the train part, that the prompted model answers.',
  }),
  rank: Type.Integer({ default: 16, minimum: 1, maximum: 1024, description: 'Rank of the adapter.' }),
  alpha: Type.Number({
    default: 16,
    exclusiveMinimum: 0,
    maximum: 4096,
    description: 'The adapter counts alpha / rank.',
  }),
  rate: Type.Number({
    default: 4e-3,
    exclusiveMinimum: 0,
    maximum: 1,
    description: 'First rate of AdamW, which falls in a straight line to 0.',
  }),
  topK: Type.Integer({
    default: 0,
    minimum: 0,
    maximum: 1_000_000,
    description:
      'Tokens of the prompted model that are compared one by one, the likeliest; the others count together. 0 compares all.',
  }),
  strength: Type.Number({
    default: 1,
    minimum: 0,
    maximum: 1,
    description: 'Part of the change that goes into the weights; 0.5 is half-baked, 0 is the model that came in.',
  }),
  temperature: Type.Number({
    default: 1,
    minimum: 0,
    maximum: 4,
    description: 'At which the prompted model’s answers are drawn.',
  }),
  answerTokens: Type.Integer({ default: 48, minimum: 1, maximum: 4096, description: 'Tokens of an answer at most.' }),
  alone: Type.Boolean({
    default: false,
    description: 'Also bakes each prompt by itself, to see what the others do to it; takes as long again for each.',
  }),
  itemsPerFamily: Type.Integer({
    default: 100,
    minimum: 1,
    maximum: 100_000,
    description: 'Items of each family that are measured.',
  }),
  minFollowing: Type.Number({
    default: 0.8,
    minimum: 0,
    maximum: 1,
    description: 'Gate: part of the answers, of every prompt, that are those of the prompted model.',
  }),
  maxForgetting: Type.Number({
    default: 0.05,
    minimum: 0,
    maximum: 1,
    description: 'Gate: accuracy lost on average by what was not baked; on text alone bits per byte.',
  }),
  onForgetting: Type.Union([Type.Literal('fail'), Type.Literal('pass-through')], {
    default: 'fail',
    description: 'Whether a bake that forgets or does not follow fails the phase, or the model that came in goes on.',
  }),
});

/** Parameters of baking, resolved. */
export type BakingParams = Static<typeof params>;
export type Bake = BakingParams['bakes'][number];
