import { Type, type Static } from '@sinclair/typebox';
import { paramsOf } from '../phase.js';
import { oneOf } from '../shared/one-of.js';
import { CODECS } from './candidate.js';

/** Names of candidates: how the matrices of the layers are stored, and how embedding and head are. */
const CANDIDATE = `^(${CODECS.join('|')})\\+(${CODECS.join('|')})$`;

/** Parameters of compression. */
export const params = paramsOf({
  candidates: Type.Array(Type.String({ pattern: CANDIDATE, description: 'MATRICES+TABLES, each a codec.' }), {
    default: ['tq2+f16', 'tq1+int8', 'rans+int8', 'rans+int4', 'int8+int8', 'int4+int8', 'vq3+int8', 'vq2+int8'],
    minItems: 1,
    maxItems: 64,
    uniqueItems: true,
    description: `What is tried, each as MATRICES+TABLES out of ${CODECS.join(', ')}. tq1, tq2 and rans hold the weights of a ternary model; the others are done to the last floating-point model.`,
  }),
  choose: Type.String({
    default: 'smallest',
    maxLength: 40,
    description:
      'Which one goes on: the smallest of those that keep enough (minRetention), the closest of them to the floating-point teacher, or the candidate of this name.',
  }),
  minRetention: Type.Number({
    default: 0.99,
    minimum: 0,
    maximum: 1,
    description:
      'Least part of the accuracy that a candidate must keep on select, as the lower end of its paired 95 % interval.',
  }),
  selectItemsPerFamily: Type.Integer({
    default: 150,
    minimum: 5,
    maximum: 10_000,
    description: 'Items of each family that candidates are chosen on.',
  }),
  divergenceItemsPerFamily: Type.Integer({
    default: 30,
    minimum: 1,
    maximum: 10_000,
    description: 'Items of each family that the divergence from the teacher is measured on.',
  }),
  itemsPerFamily: Type.Integer({
    default: 200,
    minimum: 5,
    maximum: 10_000,
    description: 'Items of each family that what was chosen is measured on.',
  }),
  calibrationBatches: Type.Integer({
    default: 8,
    minimum: 1,
    maximum: 10_000,
    description: 'Batches of the train part by which vector quantisation learns which errors matter.',
  }),
  rows: Type.Integer({ default: 12, minimum: 1, maximum: 4096, description: 'Rows in such a batch.' }),
  rowLength: Type.Integer({ default: 64, minimum: 8, maximum: 8192, description: 'Tokens in a row.' }),
  textShare: Type.Number({
    default: 0.5,
    minimum: 0,
    maximum: 1,
    description: 'Part of those batches that are text, where a recipe has both text and task families.',
  }),
  exports: Type.Array(oneOf(['gguf', 'onnx'], { default: 'gguf', description: 'A kind of form.' }), {
    default: ['gguf', 'onnx'],
    uniqueItems: true,
    maxItems: 2,
    description:
      'What else the final model is written as, in the type nearest to its codec: for llama.cpp, for onnxruntime and transformers.js.',
  }),
  minReportRetention: Type.Number({
    default: 0.97,
    minimum: 0,
    maximum: 2,
    description: 'Gate: accuracy on report as a part of what came in.',
  }),
});

/** Parameters of compression, resolved. */
export type CompressionParams = Static<typeof params>;
