import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFamily, DialogueEncoder } from '@agent-forge/data';
import {
  answerFormOf,
  decodingSpeed,
  generateText,
  OnnxDecoder,
  readModelFolder,
  writeOnnxFolder,
  type Model,
  type OnnxEncoding,
} from '@agent-forge/model';
import type { WorkerFunction } from '@agent-forge/tensor';
import { Rng } from '@agent-forge/contracts';

/** What the demo asks for at its end. */
export interface ClosingJob {
  /** Folders. */
  readonly first: string;
  readonly final: string;
  /** Task families of the run; one question of each that stands under no system prompt is asked. */
  readonly families: readonly string[];
  readonly seed: number;
}

/** Two models side by side, and what the last one says. */
export interface Closing {
  /** Tokens per second of each as ONNX, one sequence at a time: float32, and two bits where the projections are ternary. */
  readonly speed: { readonly first: number; readonly final: number };
  /** Asked without any system prompt. */
  readonly answers: readonly { readonly prompt: string; readonly answer: string }[];
}

/** The best of so many turns: other programs only ever make one slower. */
const TURNS = 3;
const TOKENS = 96;

/** Lets both models generate in turns, and asks the last one, in a worker thread. */
export const run: WorkerFunction<ClosingJob, Closing> = async ({ first, final, families, seed }, { signal }) => {
  const models = { first: await readModelFolder(first), final: await readModelFolder(final) };
  const speed = await speedsOf(models, signal);
  const answers = [];
  for (const family of families) {
    signal.throwIfAborted();
    const { prompt, system } = createFamily(family).sample(Rng.derive(seed, 'closing', family));
    if (system !== undefined) continue;
    answers.push({ prompt, answer: await answerTo(models.final, prompt) });
  }
  return { speed, answers };
};

async function speedsOf(
  models: Readonly<Record<'first' | 'final', Model>>,
  signal: AbortSignal,
): Promise<Closing['speed']> {
  const dir = await mkdtemp(join(tmpdir(), 'agent-forge-closing-'));
  const speed = { first: 0, final: 0 };
  const decoders: OnnxDecoder[] = [];
  try {
    const open = async (name: 'first' | 'final'): Promise<OnnxDecoder> => {
      const encoding: OnnxEncoding = models[name].config.ternary ? 'q2' : 'fp32';
      await writeOnnxFolder(join(dir, name), models[name], { encodings: [encoding] });
      const decoder = await OnnxDecoder.open(join(dir, name), encoding);
      decoders.push(decoder);
      return decoder;
    };
    const pair = { first: await open('first'), final: await open('final') };
    for (let turn = 0; turn < TURNS; turn++)
      for (const name of ['first', 'final'] as const) {
        signal.throwIfAborted();
        speed[name] = Math.max(speed[name], await decodingSpeed(pair[name], TOKENS));
      }
    return speed;
  } finally {
    for (const decoder of decoders) await decoder.release();
    await rm(dir, { recursive: true });
  }
}

async function answerTo(model: Model, prompt: string): Promise<string> {
  const encoder = new DialogueEncoder(model.tokenizer!, answerFormOf(model.config));
  const question = [
    { role: 'user', content: prompt },
    { role: 'assistant', content: '' },
  ] as const;
  const ids = encoder.encodePrompt({ key: prompt, messages: question });
  return (await generateText(model, ids, { temperature: 0 })).text;
}
