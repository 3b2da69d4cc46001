import { Type, type Static } from '@sinclair/typebox';
import { paramsOf } from '../phase.js';
import { CONTINUED } from '../shared/continued.js';

/** Parameters of quietstar. */
export const params = paramsOf({
  families: Type.Optional(
    Type.Array(Type.String(), {
      minItems: 1,
      maxItems: 64,
      uniqueItems: true,
      description:
        'Task families to think about (when left out: those of the mix that have a derivation, or all where none has). On text alone thoughts stand within the text.',
    }),
  ),
  warmSteps: Type.Integer({
    default: 0,
    minimum: 0,
    maximum: 1_000_000,
    description:
      'Steps of a warm start that teaches derivations as text; 0 for none. Short reinforcement keeps thoughts that were taught, and does not find its own.',
  }),
  steps: Type.Integer({ default: 30, minimum: 0, maximum: 1_000_000, description: 'Steps of reinforcement.' }),
  distilSteps: Type.Integer({
    default: 0,
    minimum: 0,
    maximum: 1_000_000,
    description:
      'Steps that teach a copy to answer at once what the thinking model answers after its thoughts; 0 for no such copy.',
  }),
  thoughtTokens: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 256,
      description: 'Tokens of a thought between start and end (when left out: those of the derivations, or 8).',
    }),
  ),
  passes: Type.Integer({
    default: 2,
    minimum: 1,
    maximum: 64,
    description: 'Thoughts at each place that are compared with one another; with 1 there is no baseline.',
  }),
  talkTokens: Type.Integer({
    default: 4,
    minimum: 1,
    maximum: 256,
    description: 'True tokens ahead that a thought is to help with.',
  }),
  thoughtsPerText: Type.Integer({
    default: 8,
    minimum: 1,
    maximum: 4096,
    description: 'Places in a row of text after which a thought stands; as many as rowLength for all of them.',
  }),
  temperature: Type.Number({
    default: 1,
    exclusiveMinimum: 0,
    maximum: 10,
    description: 'Of thoughts while they are reinforced.',
  }),
  reinforceTemperature: Type.Number({
    default: 1,
    exclusiveMinimum: 0,
    maximum: 10,
    description: "Divides the logits in the policy's log-probabilities; the reference implementation has 3.",
  }),
  clamp: Type.Boolean({
    default: false,
    description: 'Does not punish thoughts worse than the mean, as in the reference implementation; this is biased.',
  }),
  policyWeight: Type.Number({ default: 1, minimum: 0, maximum: 1e6, description: 'Weight of the policy in the loss.' }),
  baseWeight: Type.Number({
    default: 0.5,
    minimum: 0,
    maximum: 1,
    description:
      'Weight of the loss without thoughts, 0.5 as in the paper; where thoughts were taught, a small one, since a small model that learns to answer at once forgets them.',
  }),
  mixingStart: Type.Number({
    default: 0,
    minimum: 0,
    maximum: 1,
    description:
      "The mixing head's first share of thoughts: 0 changes nothing, as in the paper; 1 lets taught thoughts speak, so that they earn rewards at once.",
  }),
  ownShare: Type.Number({
    default: 0.5,
    minimum: 0,
    maximum: 1,
    description: 'Part of the items that come from the families to think about; the rest comes from the whole mix.',
  }),
  textShare: Type.Number({
    default: 0.5,
    minimum: 0,
    maximum: 1,
    description:
      'Share of the batches of the warm start that are text, where a recipe has both text and task families.',
  }),
  rowLength: Type.Integer({
    default: 64,
    minimum: 8,
    maximum: 8192,
    description: 'Tokens in a row of the warm start, and of text.',
  }),
  warmRows: Type.Integer({ default: 24, minimum: 1, maximum: 4096, description: 'Rows in a batch of the warm start.' }),
  rows: Type.Integer({
    default: 16,
    minimum: 1,
    maximum: 4096,
    description: 'Texts in a batch of the reinforcement; each is a row for every pass.',
  }),
  warmRate: Type.Number({
    default: 0.01,
    exclusiveMinimum: 0,
    maximum: 1,
    description: "Peak rate of the warm start's Muon; 0.02 teaches faster and costs the other families dear.",
  }),
  learningRate: Type.Number({
    default: 1e-4,
    exclusiveMinimum: 0,
    maximum: 1,
    description: "Peak rate of the reinforcement's AdamW.",
  }),
  maxRollbacks: CONTINUED.maxRollbacks,
  itemsPerFamily: Type.Integer({
    default: 200,
    minimum: 10,
    maximum: 10_000,
    description: 'Items of each family that everything is measured on; so many places in text.',
  }),
  onNoGain: Type.Union([Type.Literal('fail'), Type.Literal('pass-through'), Type.Literal('keep')], {
    default: 'fail',
    description:
      'What happens when thinking does not beat every control: the run fails, goes on with the model as it came in (declared as degraded), or keeps what was made.',
  }),
  minGain: Type.Number({
    default: 0,
    minimum: 0,
    maximum: 1,
    description:
      'Gate: the low end of the interval of the gain over each control must be above this (in bits per byte on text).',
  }),
  maxRegression: Type.Number({
    default: 0.05,
    minimum: 0,
    maximum: 1,
    description: 'Gate: how much accuracy the other families may lose; on text alone, bits per byte.',
  }),
});

/** Parameters of quietstar, resolved. */
export type QuietstarParams = Static<typeof params>;
