import { join } from 'node:path';
import { ForgeError, type ArtifactName } from '@agent-forge/contracts';
import { TextWindows } from '@agent-forge/data';
import {
  byteTokenizer,
  initWeights,
  parseConfig,
  resolveOptimizer,
  trainLanguageModel,
  writeModelFolder,
  type Model,
  type OptimizerOptions,
  type TrainResult,
} from '@agent-forge/model';
import type { PhaseOutcome } from '@agent-forge/run';
import type { PhaseContext } from '../phase.js';
import { readCorpus, shares } from '../shared/corpus.js';
import { lineageOf } from '../shared/lineage.js';
import { bitsPerByte, reportTexts } from '../shared/measure.js';
import type { CognateParams } from './params.js';

/** Share of the phase's time that measuring takes, for the progress bar. */
const MEASURE_SHARE = 0.05;

type Context = PhaseContext<CognateParams>;

/** Trains the trunk, then the seeds; measures each on the report text and stores it. */
export async function run(context: Context): Promise<PhaseOutcome> {
  const { params, seed } = context;
  const corpus = await readCorpus(context);
  const texts = reportTexts(corpus.report);
  const metrics: Record<string, number> = {};
  const artifacts: ArtifactName[] = [];
  const perSeed = (1 - params.trunkShare) / params.seeds;

  const keep = async (role: string, { model, steps, finalLoss, tokens }: TrainResult, parents: string[]) => {
    const bits = await bitsPerByte(model, texts, context);
    const key = role.replace('-', '');
    Object.assign(metrics, { [`${key}BitsPerByte`]: bits, [`${key}Steps`]: steps });
    const dir = join(context.workDir, role);
    await writeModelFolder(dir, model);
    const lineage = lineageOf('cognate', context, parents, { bitsPerByte: bits, steps, finalLoss, tokens });
    const name = await context.artifacts.putFolder(dir, role, { kind: 'model', lineage });
    artifacts.push(name);
    return name;
  };

  const stage = { stage: 'train trunk', from: 0, share: params.trunkShare };
  const budget =
    params.steps === undefined
      ? { maxSeconds: params.maxSeconds * params.trunkShare }
      : { steps: Math.max(1, Math.round(params.steps * params.trunkShare)) };
  const trunk = await train(context, newModel(params, seed), corpus.train, {
    ...stage,
    ...budget,
    rate: 1,
  });
  const { id: trunkId } = await keep('trunk', trunk, []);
  // The trunk's steps were measured once; the seeds' follow from them, so that time decides nothing twice.
  const steps = Math.max(1, Math.round((trunk.steps / params.trunkShare) * perSeed));
  for (const [i, share] of shares(corpus.train, params.seeds).entries()) {
    const from = params.trunkShare + i * perSeed;
    const options = { stage: `train seed ${i + 1}`, from, share: perSeed, steps, rate: params.seedRate };
    await keep(`seed-${i + 1}`, await train(context, trunk.model, share, options), [trunkId]);
  }
  return { artifacts, metrics };
}

interface Stage {
  stage: string;
  /** Where it begins and how much it is of the whole phase. */
  from: number;
  share: number;
  /** Learning rates as a part of the trunk's. */
  rate: number;
  steps?: number;
  maxSeconds?: number;
}

function train(
  context: Context,
  model: Model,
  texts: readonly string[],
  { stage, from, share, rate, ...budget }: Stage,
): Promise<TrainResult> {
  const { params, seed, threads, signal } = context;
  const tokenizer = model.tokenizer ?? byteTokenizer();
  const { rows, contextLength: length, optimizer, learningRate } = params;
  return trainLanguageModel({
    model,
    source: new TextWindows({ texts, tokenizer, rows, length, seed: `${seed}/${stage}` }),
    optimizer: scaledRates({ name: optimizer, ...(learningRate === undefined ? {} : { learningRate }) }, rate),
    threads,
    signal,
    onProgress: ({ step, steps, loss, tokensPerSecond, secondsLeft }) => {
      const fraction = (1 - MEASURE_SHARE) * (from + (share * step) / steps);
      context.report({ stage, fraction, step, steps, secondsLeft, metrics: { loss, tokensPerSecond } });
    },
    ...budget,
  });
}

function scaledRates(options: OptimizerOptions, factor: number): OptimizerOptions {
  const resolved = resolveOptimizer(options);
  const { learningRate, adamwLearningRate } = resolved;
  return { ...resolved, learningRate: learningRate * factor, adamwLearningRate: adamwLearningRate * factor };
}

/** A new byte-level model with random weights. */
function newModel(params: CognateParams, seed: number): Model {
  if (params.hiddenSize % (2 * params.heads) !== 0) {
    const problem = `heads is ${params.heads}; it must divide hiddenSize ${params.hiddenSize} into even parts`;
    throw new ForgeError('INVALID_ARGUMENT', `parameter ${problem}`);
  }
  const tokenizer = byteTokenizer();
  const config = parseConfig({
    model_type: 'llama',
    vocab_size: tokenizer.vocabSize,
    hidden_size: params.hiddenSize,
    intermediate_size: params.intermediateSize,
    num_hidden_layers: params.layers,
    num_attention_heads: params.heads,
    max_position_embeddings: params.contextLength,
    tie_word_embeddings: true,
    bos_token_id: tokenizer.bosId,
    eos_token_id: tokenizer.eosId,
    pad_token_id: tokenizer.padId,
  });
  return { config, weights: initWeights(config, seed), tokenizer };
}
