import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ForgeError } from '@agent-forge/contracts';
import {
  OnnxScorer,
  readGgufModel,
  readModelFolder,
  SequenceScorer,
  writeGgufModel,
  writeModelFolder,
  writeOnnxFolder,
  writePackedFolder,
  type GgufTensorType,
  type Model,
  type OnnxEncoding,
  type TokenScorer,
} from '@agent-forge/model';

/** A form of a model for other programs. */
interface Format {
  readonly meaning: string;
  /** How weights of any model can be held; the default first. */
  readonly encodings: readonly string[];
  /** How those of a ternary model can be held besides; the default first. */
  readonly ternary: readonly string[];
  write(dir: string, model: Model, encoding: string): Promise<void>;
  /** Opens what was written, with nothing from the model but its tokenizer. */
  open(dir: string, model: Model, encoding: string): Promise<TokenScorer & { release(): Promise<void> }>;
}

const memory = (model: Model) => SequenceScorer.create(model, {});
const ggufPath = (dir: string, encoding: string) => join(dir, `model-${encoding}.gguf`);

/** What `forge export` writes, by name. */
export const FORMATS: Readonly<Record<string, Format>> = {
  gguf: {
    meaning: 'one file for llama.cpp',
    encodings: ['F16', 'F32', 'Q8_0', 'Q4_0'],
    ternary: ['TQ2_0', 'TQ1_0'],
    async write(dir, model, encoding) {
      await mkdir(dir);
      await writeGgufModel(ggufPath(dir, encoding), model, { encoding: encoding as GgufTensorType });
    },
    open: async (dir, { tokenizer }, encoding) =>
      memory({ ...(await readGgufModel(ggufPath(dir, encoding))), tokenizer }),
  },
  onnx: {
    meaning: 'a folder for onnxruntime and transformers.js',
    encodings: ['fp32', 'q4'],
    ternary: ['q2'],
    write: (dir, model, encoding) => writeOnnxFolder(dir, model, { encodings: [encoding as OnnxEncoding] }),
    open: (dir, _model, encoding) => OnnxScorer.open(dir, encoding as OnnxEncoding, {}),
  },
  hf: {
    meaning: 'a folder for transformers; ternary weights four to a byte',
    encodings: ['plain'],
    ternary: ['packed'],
    write: (dir, model, encoding) =>
      encoding === 'packed' ? writePackedFolder(dir, model) : writeModelFolder(dir, inFloats(model)),
    open: async (dir) => memory(await readModelFolder(dir)),
  },
  safetensors: {
    meaning: 'a folder with all weights in floating point, as training goes on from',
    encodings: ['plain'],
    ternary: [],
    write: (dir, model) => writeModelFolder(dir, inFloats(model)),
    open: async (dir) => memory(await readModelFolder(dir)),
  },
};

/** A packed ternary model has no weights behind its codes: its values, as an ordinary model whose activations nobody rounds. */
function inFloats(model: Model): Model {
  if (model.config.ternary?.mode !== 'offline') return model;
  const { ternary: _, ...config } = model.config;
  return { ...model, config };
}

/** The encoding of an export. @throws ForgeError INVALID_ARGUMENT naming those that there are */
export function encodingOf(name: string, wanted: string | undefined, model: Model): string {
  const { encodings, ternary } = FORMATS[name]!;
  const isTernary = model.config.ternary !== undefined;
  const fitting = isTernary ? [...ternary, ...encodings] : encodings;
  if (wanted === undefined || fitting.includes(wanted)) return wanted ?? fitting[0]!;
  const why = ternary.includes(wanted)
    ? `${wanted} holds ternary weights, and the model has others`
    : `${name} has no "${wanted}"`;
  throw new ForgeError('INVALID_ARGUMENT', `${why}; choose ${fitting.join(', ')}`);
}
