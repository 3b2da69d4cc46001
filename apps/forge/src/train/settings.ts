import { readFile } from 'node:fs/promises';
import { ForgeError } from '@agent-forge/contracts';
import { type Static, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { parse } from 'yaml';

const strict = { additionalProperties: false } as const;
const size = (description: string) => Type.Optional(Type.Integer({ minimum: 1, maximum: 2 ** 20, description }));
const share = (description: string) => Type.Optional(Type.Number({ minimum: 0, maximum: 1, description }));
const decay = (description: string) => Type.Optional(Type.Number({ minimum: 0, exclusiveMaximum: 1, description }));
const rate = (description: string) => Type.Optional(Type.Number({ minimum: 0, maximum: 1e6, description }));

/** What a parameter file of `forge train` may say. Everything has a default. */
export const TrainParams = Type.Object(
  {
    init: Type.Optional(Type.String({ description: 'Model folder to start from, instead of random weights.' })),
    model: Type.Optional(
      Type.Object(
        {
          hiddenSize: size('Width of the residual stream.'),
          intermediateSize: size('Width of the MLP.'),
          numLayers: size('Decoder layers.'),
          numHeads: size('Query heads.'),
          numKvHeads: size('Key/value heads; divides the query heads.'),
          headDim: size('Width of a head; width / heads by default.'),
          maxPositionEmbeddings: size('Longest context the model declares.'),
          tieWordEmbeddings: Type.Optional(Type.Boolean({ description: 'Use the embedding as output head.' })),
          ropeTheta: rate('Base of the rotary frequencies.'),
        },
        strict,
      ),
    ),
    tokenizer: Type.Optional(
      Type.Union([
        Type.Literal('byte', { description: 'One token per byte.' }),
        Type.Object(
          {
            bpe: Type.Integer({
              minimum: 300,
              maximum: 65_536,
              description: 'Vocabulary of a byte-pair tokenizer trained on the text.',
            }),
          },
          strict,
        ),
      ]),
    ),
    batch: Type.Optional(
      Type.Object(
        {
          rows: size('Sequences in a micro-batch.'),
          length: size('Tokens in a sequence.'),
          accumulation: size('Micro-batches per optimiser step.'),
        },
        strict,
      ),
    ),
    optimizer: Type.Optional(
      Type.Object(
        {
          name: Type.Optional(Type.Union([Type.Literal('adamw'), Type.Literal('muon'), Type.Literal('sgd')])),
          learningRate: rate('Peak learning rate (of the hidden matrices, with Muon).'),
          adamwLearningRate: rate('With Muon: rate of embeddings and gains.'),
          beta1: decay('Decay of the first moment.'),
          beta2: decay('Decay of the second moment.'),
          weightDecay: rate('Decoupled decay of matrices.'),
          momentum: decay('Momentum of Muon and SGD.'),
          clipNorm: rate('Largest global gradient norm; 0 switches clipping off.'),
          schedule: Type.Optional(Type.Union([Type.Literal('cosine'), Type.Literal('constant')])),
          warmup: share('Part of the steps that warms up.'),
          floor: share('Last factor of the cosine.'),
          filter: Type.Optional(
            Type.Union([Type.Literal('none'), Type.Literal('grokfast-ema'), Type.Literal('grokfast-ma')]),
          ),
          filterAlpha: decay('Decay of the Grokfast average.'),
          filterLambda: rate('Weight of the slow gradients.'),
          filterWindow: size('Gradients in the Grokfast queue.'),
        },
        strict,
      ),
    ),
  },
  strict,
);
export type TrainParams = Static<typeof TrainParams>;

/**
 * Reads a parameter file, YAML or JSON.
 * @throws ForgeError `FILE_NOT_FOUND`, or `INVALID_ARGUMENT` naming the field
 */
export async function readParams(path: string | undefined): Promise<TrainParams> {
  if (path === undefined) return {};
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new ForgeError('FILE_NOT_FOUND', `${path} does not exist or cannot be read`, error);
  });
  let params: unknown;
  try {
    params = parse(text) ?? {};
  } catch (error) {
    throw new ForgeError(
      'INVALID_ARGUMENT',
      `${path}: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`,
      error,
    );
  }
  const problem = Value.Errors(TrainParams, params).First();
  if (problem)
    throw new ForgeError(
      'INVALID_ARGUMENT',
      `${path}: ${problem.path || '/'}: ${problem.message}; see forge train --help`,
    );
  return params as TrainParams;
}

/** Text below this is memorised by the standard width, so a smaller network is the default. */
const SMALL_TEXT_BYTES = 50_000;
/** With this much time and text a larger network pays: measured in docs/LOG.md. */
const LONG_SECONDS = 1200;
const LARGE_TEXT_BYTES = 1_000_000;

/** Shape of the network by how much there is to learn from and how long: width and MLP are multiples of 256 where it can be exported to ternary blocks. */
export function defaultShape(textBytes: number, seconds: number | null) {
  if (textBytes < SMALL_TEXT_BYTES) return { hiddenSize: 128, intermediateSize: 256, numLayers: 2, numHeads: 4 };
  if (textBytes >= LARGE_TEXT_BYTES && (seconds ?? 0) >= LONG_SECONDS)
    return { hiddenSize: 512, intermediateSize: 1024, numLayers: 6, numHeads: 8 };
  return { hiddenSize: 256, intermediateSize: 512, numLayers: 2, numHeads: 4 };
}

/** Sequences of 128 tokens are long enough for a text's local structure and short enough for many different ones per step. */
export const DEFAULT_BATCH = { rows: 16, length: 128, accumulation: 1 };
/** Muon reached in 25 s what AdamW did not in 60 (docs/LOG.md). */
export const DEFAULT_OPTIMIZER = { name: 'muon' } as const;
export const DEFAULT_SECONDS = 60;
