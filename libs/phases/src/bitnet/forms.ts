import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactName } from '@agent-forge/contracts';
import {
  expectedShapes,
  isTernary,
  OnnxScorer,
  readGgufModel,
  readModelFolder,
  writeGgufModel,
  writeOnnxFolder,
  writePackedFolder,
  type Model,
} from '@agent-forge/model';
import type { PhaseContext } from '../phase.js';
import { lineageOf } from '../shared/lineage.js';
import type { Measured, Yardstick } from '../shared/yardstick.js';
import type { BitnetParams, Form } from './params.js';

/** Weights in a block of llama.cpp's ternary types; rows must be whole blocks. */
const GGUF_BLOCK = 256;
/** Codes in a byte of the packed layout; a matrix must have a multiple of so many rows. */
const PACKED_ROWS = 4;

/** A form that was written, read back and measured. */
export interface WrittenForm {
  readonly form: Form;
  readonly artifact: ArtifactName;
  readonly measured: Measured;
  /** Of the whole folder, on disk. */
  readonly sizeBytes: number;
}

type Context = PhaseContext<BitnetParams>;

/** Writes every form that the recipe asks for and the model fits, reads each back, and measures what was read. */
export async function writeForms(
  context: Context,
  from: ArtifactName,
  model: Model,
  yardstick: Yardstick,
  onProgress: (share: number) => void,
): Promise<WrittenForm[]> {
  const written: WrittenForm[] = [];
  const { exports } = context.params;
  for (const [i, form] of exports.entries()) {
    context.signal.throwIfAborted();
    const why = misfit(form, model);
    if (why === undefined) written.push(await writeForm(context, form, from, model, yardstick));
    else await context.note({ code: 'EXPORT_SKIPPED', message: `${form} was not written: ${why}` });
    onProgress((i + 1) / exports.length);
  }
  return written;
}

async function writeForm(
  context: Context,
  form: Form,
  from: ArtifactName,
  model: Model,
  yardstick: Yardstick,
): Promise<WrittenForm> {
  const dir = join(context.workDir, form);
  const measured = await WRITERS[form](dir, model, yardstick, context);
  const lineage = lineageOf('bitnet', context, [from.id], {});
  const artifact = await context.artifacts.putFolder(dir, form, { kind: 'export', lineage });
  const { files } = await context.artifacts.manifest(artifact.id);
  return { form, artifact, measured, sizeBytes: files.reduce((sum, file) => sum + file.sizeBytes, 0) };
}

type Writer = (dir: string, model: Model, yardstick: Yardstick, context: Context) => Promise<Measured>;

const gguf =
  (encoding: 'TQ1_0' | 'TQ2_0'): Writer =>
  async (dir, model, yardstick, context) => {
    await mkdir(dir);
    const path = join(dir, `model-${encoding}.gguf`);
    await writeGgufModel(path, model, { encoding });
    return yardstick.measure({ ...(await readGgufModel(path)), tokenizer: model.tokenizer }, context);
  };

/** How each form is written, read and measured. */
const WRITERS: Readonly<Record<Form, Writer>> = {
  'gguf-tq2': gguf('TQ2_0'),
  'gguf-tq1': gguf('TQ1_0'),
  'hf-packed': async (dir, model, yardstick, context) => {
    await writePackedFolder(dir, model);
    return yardstick.measure(await readModelFolder(dir), context);
  },
  'onnx-q2': async (dir, model, yardstick, context) => {
    await writeOnnxFolder(dir, model, { encodings: ['q2'] });
    const scorer = await OnnxScorer.open(dir, 'q2', { threads: context.threads });
    try {
      return await yardstick.measure(model, context, { scorer });
    } finally {
      await scorer.release();
    }
  },
};

/** Why a form cannot hold a model; undefined when it can. */
function misfit(form: Form, { config }: Model): string | undefined {
  const matrices = [...expectedShapes(config)].filter(([name]) => isTernary(name));
  const odd = (wrong: (shape: readonly number[]) => boolean) => matrices.find(([, shape]) => wrong(shape));
  if (form.startsWith('gguf')) {
    const found = odd((shape) => shape.at(-1)! % GGUF_BLOCK !== 0);
    if (found) return `${found[0]} has rows of ${found[1].at(-1)}, and ternary blocks hold ${GGUF_BLOCK}`;
  }
  if (form === 'hf-packed') {
    if (config.ternary?.scaleAxis === 'channel') return 'the packed layout has one scale for a matrix';
    const found = odd(([rows]) => rows! % PACKED_ROWS !== 0);
    if (found) return `${found[0]} has ${found[1][0]} rows, no multiple of ${PACKED_ROWS}`;
  }
  return undefined;
}
