import { Type, type Static } from '@sinclair/typebox';
import { paramsOf } from '../phase.js';
import { CONTINUED } from '../shared/continued.js';
import { TERNARY_FORMS } from '../shared/form-names.js';
import { oneOf } from '../shared/one-of.js';

/** Parameters of bitnet. */
export const params = paramsOf({
  maxSeconds: Type.Number({
    default: 80,
    exclusiveMinimum: 0,
    maximum: 604_800,
    description: 'Time for both trainings; becomes a number of steps once, by a measured rate.',
  }),
  ...CONTINUED,
  learningRate: Type.Number({
    default: 2e-3,
    exclusiveMinimum: 0,
    maximum: 1,
    description: 'Peak rate of AdamW; ternary weights want several times that of floating-point ones.',
  }),
  schedule: oneOf(['cosine', 'two-stage'], {
    default: 'cosine',
    description:
      'two-stage falls in a straight line, drops by a third at the midpoint, and decays no weights from there on.',
  }),
  weightDecay: Type.Number({ default: 0.1, minimum: 0, maximum: 10, description: 'Decay of matrices and embedding.' }),
  ramp: Type.Number({
    default: 0.5,
    exclusiveMinimum: 0,
    maximum: 1,
    description: 'Part of the steps over which the quantiser comes in, from not at all to all the way.',
  }),
  subNorms: oneOf(['measured', 'ones', 'none'], {
    default: 'measured',
    description: 'Norms before the projections into the residual stream, with gains as measured, of 1, or none at all.',
  }),
  scaleAxis: oneOf(['tensor', 'channel'], {
    default: 'tensor',
    description: 'One scale for a matrix, or one for each of its rows, which fewer of the exported forms can hold.',
  }),
  scaleGrid: oneOf(['auto', 'float16', 'float32'], {
    default: 'auto',
    description:
      'Numbers that a scale can be: those of half precision, so that GGUF loses nothing, or all; auto is float32 for imported models.',
  }),
  control: Type.Boolean({
    default: true,
    description: 'Trains the floating-point parent on for the same steps: the fair control.',
  }),
  controlRate: Type.Number({
    default: 1e-3,
    exclusiveMinimum: 0,
    maximum: 1,
    description: 'Peak rate of the control.',
  }),
  exports: Type.Array(oneOf(TERNARY_FORMS, { default: 'gguf-tq2', description: 'A form.' }), {
    default: [...TERNARY_FORMS],
    uniqueItems: true,
    maxItems: TERNARY_FORMS.length,
    description:
      'Forms that are written, read back and measured: GGUF for llama.cpp, the packed folder of transformers, ONNX with two bits.',
  }),
  speedTokens: Type.Integer({
    default: 64,
    minimum: 0,
    maximum: 10_000,
    description: 'Tokens that are generated to measure the speed of ONNX in two bits and in float32; 0 measures none.',
  }),
  minRetention: Type.Number({
    default: 0.9,
    minimum: 0,
    maximum: 2,
    description:
      'Gate: accuracy as a part of the parent’s, and of the control’s where there is one; on text alone their bits per byte as a part of its own.',
  }),
});

/** Parameters of bitnet, resolved. */
export type BitnetParams = Static<typeof params>;
