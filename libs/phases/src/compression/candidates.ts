import type { ArtifactName, Json } from '@agent-forge/contracts';
import { bakedMark } from '@agent-forge/model';
import type { PhaseContext } from '../phase.js';
import { retention } from '../shared/retention.js';
import type { Interval } from '../shared/report.js';
import type { StageProgress } from '../shared/stage-progress.js';
import { isRounding } from './candidate.js';
import type { Rated } from './choose.js';
import { isCalibrated, type EncodeInput } from './encode-task.js';
import type { CompressionParams } from './params.js';
import type { Part } from './parts.js';
import type { Score, ScoreInput } from './score-task.js';
import type { Planned, Sources } from './sources.js';

type Context = PhaseContext<CompressionParams>;

/** A candidate that was made and measured. */
export interface Scored extends Rated {
  readonly candidate: Planned;
  readonly score: Score;
  /** Its folder. */
  readonly artifact: ArtifactName;
}

/** What candidates must keep up with, measured on the same items. */
export type Reference = Pick<Score, 'correct' | 'texts'>;

/** Has every part that the candidates need made once, and every candidate measured, by whichever replicas are free. */
export async function scoreCandidates(
  context: Context,
  planned: readonly Planned[],
  { input, teacher }: Sources,
  reference: Reference,
  progress: StageProgress,
): Promise<Scored[]> {
  const parts = await encodeParts(context, planned, progress);
  const baked = bakedMark(input.model.config);
  const inputs = planned.map((each): ScoreInput => {
    const { params, families, data, seed } = context;
    const { selectItemsPerFamily: itemsPerFamily, divergenceItemsPerFamily } = params;
    return {
      ...{
        name: each.name,
        model: each.source.id,
        teacher: teacher.id,
        families,
        seed,
        itemsPerFamily,
        divergenceItemsPerFamily,
      },
      parts: partsOf(context, each).map((part) => parts.get(keyOf(part))!),
      data: named(data),
      ...(baked ? { baked } : {}),
    };
  });
  const done = new Map<number, number>();
  const outputs = await context.runTasks('score', inputs as unknown as Json[], (index, { fraction }) => {
    done.set(index, fraction);
    progress.at('score', { fraction: sumOf(done.values()) / inputs.length });
  });
  const scores = outputs.map(({ value }) => value as unknown as Score);
  const least = leastDivergence(scores, planned, input.id);
  return outputs.map(({ artifacts }, i) => {
    const score = scores[i]!;
    const { name, source } = planned[i]!;
    const { sizeBytes, divergence } = score;
    const kept = keptOf(score, reference, least, `${context.seed}/retention`);
    return {
      ...{ name, sizeBytes, divergence, skill: skillOf(score), retention: kept, source: source.id },
      ...{ isRounding: isRounding(planned[i]!), candidate: planned[i]!, score, artifact: artifacts[0]! },
    };
  });
}

/**
 * Where what came in is never right there is nothing to count, and a candidate keeps what is left of its teacher's probabilities beside the best candidate
 * of the model that came in: exp(−(KL − its KL)), 1 at most.
 */
function keptOf(score: Score, reference: Reference, least: number, seed: string): Interval {
  if (reference.correct === undefined || reference.correct.includes('1'))
    return retention(marks(score), marks(reference), seed);
  const part = Math.min(1, Math.exp(least - score.divergence));
  return { estimate: part, low: part, high: part };
}

/** The smallest divergence of candidates of the model that came in; 0 where there is none. */
function leastDivergence(scores: readonly Score[], planned: readonly Planned[], input: string): number {
  const own = scores.filter((_, i) => planned[i]!.source.id === input);
  return own.length === 0 ? 0 : Math.min(...own.map(({ divergence }) => divergence));
}

/** @returns the artifact of each part, by its key */
async function encodeParts(
  context: Context,
  planned: readonly Planned[],
  progress: StageProgress,
): Promise<Map<string, string>> {
  const wanted = new Map(planned.flatMap((each) => partsOf(context, each)).map((part) => [keyOf(part), part]));
  const done = new Map<number, number>();
  const outputs = await context.runTasks('encode', [...wanted.values()] as unknown as Json[], (index, { fraction }) => {
    done.set(index, fraction);
    progress.at('encode', { fraction: sumOf(done.values()) / wanted.size });
  });
  progress.at('encode', { fraction: 1 });
  return new Map([...wanted.keys()].map((key, i) => [key, outputs[i]!.artifacts[0]!.id]));
}

const keyOf = (part: EncodeInput) => `${part.model} ${part.part} ${part.codec}`;

function partsOf({ params, families, data, seed }: Context, { matrices, tables, source }: Planned): EncodeInput[] {
  const { textShare, rows, rowLength, calibrationBatches: batches } = params;
  const calibration = { families, data: named(data), textShare, rows, rowLength, batches, seed };
  const codecs: readonly (readonly [Part, string])[] = [
    ['matrices', matrices],
    ['tables', tables],
  ];
  return codecs.map(([part, codec]) => ({
    ...{ model: source.id, part, codec },
    // What an embedding is multiplied with is known without any text: one token at a time.
    calibration: part === 'matrices' && isCalibrated(codec) ? calibration : null,
  }));
}

const named = (data: Context['data']) => data.map(({ name, artifactId }) => ({ name, artifactId }));

function marks({ correct, texts }: Reference) {
  return { ...(correct === undefined ? {} : { correct: [...correct].map(Number) }), ...(texts ? { texts } : {}) };
}

/** Accuracy; on text alone minus bits per byte. */
export function skillOf({ correct, texts = [] }: Reference): number {
  if (correct !== undefined) return sumOf([...correct].map(Number)) / correct.length;
  return -sumOf(texts.map(({ bits }) => bits)) / sumOf(texts.map(({ bytes }) => bytes));
}

function sumOf(values: Iterable<number>): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}
