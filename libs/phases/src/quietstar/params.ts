import { Type, type Static } from '@sinclair/typebox';
import { paramsOf } from '../phase.js';
import { CONTINUED } from '../shared/continued.js';
import { oneOf } from '../shared/one-of.js';

/** More families than there are. */
const MAX_FAMILIES = 64;

/** Parameters of quietstar. */
export const params = paramsOf({
  maxSeconds: Type.Number({
    default: 100,
    exclusiveMinimum: 0,
    maximum: 604_800,
    description: 'Time for all trainings; becomes numbers of steps once, by measured rates.',
  }),
  ...CONTINUED,
  teach: Type.Array(Type.String(), {
    default: ['parity'],
    minItems: 1,
    maxItems: MAX_FAMILIES,
    uniqueItems: true,
    description: 'Task families with known steps, which are taught as thoughts and in which thinking is to help.',
  }),
  thoughtShare: Type.Number({
    default: 0.5,
    exclusiveMinimum: 0,
    maximum: 1,
    description: 'Part of the items that come from these families; the rest comes from the whole mix.',
  }),
  warmStart: Type.Boolean({
    default: true,
    description: 'Teaches thoughts as text before the reinforcement; without it the model must find its own.',
  }),
  learningRate: Type.Number({
    default: 0.01,
    exclusiveMinimum: 0,
    maximum: 1,
    description: 'Peak rate of Muon while thoughts are taught, and of the controls.',
  }),
  reinforceSteps: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 1_000_000,
      description: 'Steps of reinforcement, instead of a part of the time.',
    }),
  ),
  reinforceRate: Type.Number({
    default: 3e-4,
    exclusiveMinimum: 0,
    maximum: 1,
    description: 'Rate of AdamW while thoughts are reinforced.',
  }),
  reinforceRows: Type.Integer({
    default: 16,
    minimum: 1,
    maximum: 1024,
    description: 'Prompts in a step of reinforcement.',
  }),
  passes: Type.Integer({
    default: 2,
    minimum: 1,
    maximum: 16,
    description: 'Thoughts of each prompt, whose mean reward is the baseline.',
  }),
  clampRewards: Type.Boolean({
    default: false,
    description:
      'Whether thoughts that are worse than their baseline go unpunished, as in the reference implementation.',
  }),
  temperature: Type.Number({
    default: 1,
    exclusiveMinimum: 0,
    maximum: 10,
    description: 'Randomness of thoughts while they are reinforced.',
  }),
  policyWeight: Type.Number({ default: 1, minimum: 0, maximum: 1e6, description: 'Weight of the policy in the loss.' }),
  distil: Type.Boolean({
    default: true,
    description: 'Trains the thinking model to answer without thoughts, as a by-product.',
  }),
  onNoGain: oneOf(['pass-through', 'keep', 'fail'], {
    default: 'pass-through',
    description:
      'What happens when thinking does not beat every control: the input goes on, declared degraded; the thinking model goes on all the same; or the phase fails.',
  }),
  minGain: Type.Number({
    default: 0,
    minimum: -1,
    maximum: 1,
    description: 'How far the lower end of the interval of each difference to a control must lie above 0.',
  }),
  maxRegression: Type.Number({
    default: 0.1,
    minimum: 0,
    maximum: 1,
    description: 'Gate: accuracy that the whole mix may lose against the input.',
  }),
});

/** Parameters of quietstar, resolved. */
export type QuietstarParams = Static<typeof params>;

/** Trainings that take the steps of teaching: what is taught, two controls, and what is distilled. */
export function trainingsOf({ warmStart, distil }: Pick<QuietstarParams, 'warmStart' | 'distil'>): number {
  return 2 + (warmStart ? 1 : 0) + (distil ? 1 : 0);
}
