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
  type GgufTensorType,
  type Model,
  type OnnxEncoding,
} from '@agent-forge/model';
import type { PhaseContext } from '../phase.js';
import { TERNARY_FORMS, type Form } from './form-names.js';
import { lineageOf } from './lineage.js';
import type { Measured, Yardstick } from './yardstick.js';

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

/** What is to be written. */
export interface FormsWanted {
  /** The phase that asks. */
  readonly phase: string;
  readonly forms: readonly Form[];
  /** The artifact that the model is of. */
  readonly from: ArtifactName;
  readonly model: Model;
  readonly yardstick: Yardstick;
}

/** Writes every form that is wanted and the model fits, reads each back, and measures what was read. */
export async function writeForms(
  context: PhaseContext,
  wanted: FormsWanted,
  onProgress: (share: number) => void,
): Promise<WrittenForm[]> {
  const written: WrittenForm[] = [];
  const { forms, model } = wanted;
  for (const [i, form] of forms.entries()) {
    context.signal.throwIfAborted();
    const why = misfit(form, model);
    if (why === undefined) written.push(await writeForm(context, form, wanted));
    else await context.note({ code: 'EXPORT_SKIPPED', message: `${form} was not written: ${why}` });
    onProgress((i + 1) / forms.length);
  }
  return written;
}

async function writeForm(
  context: PhaseContext,
  form: Form,
  { phase, from, model, yardstick }: FormsWanted,
): Promise<WrittenForm> {
  const dir = join(context.workDir, form);
  const measured = await WRITERS[form](dir, model, yardstick, context);
  const lineage = lineageOf(phase, context, [from.id], {});
  const artifact = await context.artifacts.putFolder(dir, form, { kind: 'export', lineage });
  const { files } = await context.artifacts.manifest(artifact.id);
  return { form, artifact, measured, sizeBytes: files.reduce((sum, file) => sum + file.sizeBytes, 0) };
}

type Writer = (dir: string, model: Model, yardstick: Yardstick, context: PhaseContext) => Promise<Measured>;

const gguf =
  (encoding: GgufTensorType): Writer =>
  async (dir, model, yardstick, context) => {
    await mkdir(dir);
    const path = join(dir, `model-${encoding}.gguf`);
    await writeGgufModel(path, model, { encoding });
    return yardstick.measure({ ...(await readGgufModel(path)), tokenizer: model.tokenizer }, context);
  };

const onnx =
  (encoding: OnnxEncoding): Writer =>
  async (dir, model, yardstick, context) => {
    await writeOnnxFolder(dir, model, { encodings: [encoding] });
    const scorer = await OnnxScorer.open(dir, encoding, { threads: context.threads });
    try {
      return await yardstick.measure(model, context, { scorer });
    } finally {
      await scorer.release();
    }
  };

/** How each form is written, read and measured. */
const WRITERS: Readonly<Record<Form, Writer>> = {
  'gguf-tq2': gguf('TQ2_0'),
  'gguf-tq1': gguf('TQ1_0'),
  'gguf-f16': gguf('F16'),
  'gguf-q8': gguf('Q8_0'),
  'gguf-q4': gguf('Q4_0'),
  'hf-packed': async (dir, model, yardstick, context) => {
    await writePackedFolder(dir, model);
    return yardstick.measure(await readModelFolder(dir), context);
  },
  'onnx-q2': onnx('q2'),
  'onnx-q4': onnx('q4'),
  'onnx-fp32': onnx('fp32'),
};

/** Why a form cannot hold a model; undefined when it can. */
export function misfit(form: Form, { config }: Model): string | undefined {
  if (!(TERNARY_FORMS as readonly string[]).includes(form)) return undefined;
  if (config.ternary === undefined) return 'it holds ternary weights, and the model has others';
  const matrices = [...expectedShapes(config)].filter(([name]) => isTernary(name));
  const odd = (wrong: (shape: readonly number[]) => boolean) => matrices.find(([, shape]) => wrong(shape));
  if (form.startsWith('gguf')) {
    const found = odd((shape) => shape.at(-1)! % GGUF_BLOCK !== 0);
    if (found) return `${found[0]} has rows of ${found[1].at(-1)}, and ternary blocks hold ${GGUF_BLOCK}`;
  }
  if (form === 'hf-packed') {
    if (config.ternary.scaleAxis === 'channel') return 'the packed layout has one scale for a matrix';
    const found = odd(([rows]) => rows! % PACKED_ROWS !== 0);
    if (found) return `${found[0]} has ${found[1][0]} rows, no multiple of ${PACKED_ROWS}`;
  }
  return undefined;
}
