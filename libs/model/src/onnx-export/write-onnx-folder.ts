import { mkdir, open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ForgeError } from '@agent-forge/contracts';
import { type ExternalPlaces, type TensorData, reachable, toOnnx } from '@agent-forge/tensor';
import { assertAudit, auditWeights } from '../audit.js';
import { type LlamaConfig, configToJson } from '../config.js';
import { writeSideFiles, writeWholeFolder } from '../folder/write-model-folder.js';
import { syncFolder } from '../safetensors/write-safetensors.js';
import type { Model } from '../weights.js';
import { type OnnxEncoding, onnxFile } from './encoding.js';
import { type ExportGraph, exportGraph } from './export-graph.js';

export interface WriteOnnxOptions {
  /** One file for each; default `fp32`, and `q2` for a model with the ternary mark. */
  readonly encodings?: readonly OnnxEncoding[];
  /** Weights larger than this lie in a file of their own; default {@link MAX_INLINE_BYTES}. */
  readonly maxInlineBytes?: number;
}

/** Rotary tables for 131,072 positions would take more of a small file than its weights. */
const MAX_ONNX_CONTEXT = 4096;

/** Longest sequence of an export: the model's, within reason. */
export function onnxContext({ maxPositionEmbeddings }: LlamaConfig): number {
  return Math.min(maxPositionEmbeddings, MAX_ONNX_CONTEXT);
}

/** Protobuf ends at 2 GiB; half of that still loads in a browser. */
export const MAX_INLINE_BYTES = 2 ** 30;

/**
 * Writes a model as ONNX files beside its configuration and tokenizer, as transformers.js loads it (`onnx/model.onnx`,
 * `onnx/model_q4.onnx`, `onnx/model_q2.onnx`), which takes the first encoding unless it is told another. `q2` holds ternary codes without loss; `q4` rounds; both store embedding and
 * head in half precision.
 * @param path of the folder; it must not exist, or be empty
 * @throws ForgeError `INVALID_ARGUMENT` for `q2` of a model without the ternary mark; `AUDIT_FAILED`, `FILE_EXISTS`,
 *   `STORE_UNAVAILABLE`
 */
export async function writeOnnxFolder(path: string, model: Model, options: WriteOnnxOptions = {}): Promise<void> {
  const { config } = model;
  const { encodings = [config.ternary ? 'q2' : 'fp32'], maxInlineBytes = MAX_INLINE_BYTES } = options;
  if (encodings.includes('q2') && !config.ternary)
    throw new ForgeError(
      'INVALID_ARGUMENT',
      'two bits hold ternary weights, and this model has no ternary mark; use q4',
    );
  assertAudit(await auditWeights(config, model.weights, model.tokenizer), path);
  await writeWholeFolder(path, async (building) => {
    await mkdir(join(building, 'onnx'));
    const external: Record<string, boolean> = {};
    for (const encoding of encodings) {
      const separate = await writeOnnx(
        join(building, onnxFile(encoding)),
        exportGraph(model, encoding, onnxContext(config)),
        maxInlineBytes,
      );
      if (separate) external[basename(onnxFile(encoding))] = true;
    }
    await syncFolder(join(building, 'onnx'));
    const hints = {
      dtype: encodings[0]!,
      ...(Object.keys(external).length > 0 ? { use_external_data_format: external } : {}),
    };
    const side = { ...configToJson(outside(config), 'F32'), 'transformers.js_config': hints };
    await writeSideFiles(building, model, side);
  });
}

/** The configuration as others need it, who know no ternary Llama: sub-norms and codes are in the graph. */
function outside({ ternary: _, ...config }: LlamaConfig): LlamaConfig {
  return { ...config, architecture: config.architecture === 'bitnet' ? 'llama' : config.architecture };
}

/** @returns whether the weights lie in a file of their own, the model's name with `_data` */
async function writeOnnx(
  path: string,
  { graph, outputs, externals }: ExportGraph,
  maxInlineBytes: number,
): Promise<boolean> {
  const used = new Set(reachable(graph, Object.values(outputs)).flatMap((node) => node.inputs.map((v) => v.name)));
  const weights = [...externals].filter(([name]) => used.has(name));
  const sizeBytes = weights.reduce((n, [, data]) => n + data.byteLength, 0);
  const separate = sizeBytes > maxInlineBytes;
  const places: ExternalPlaces = separate ? placed(weights, `${basename(path)}_data`) : new Map(weights);
  await write(path, [toOnnx(graph, outputs, 'cpu', places)]);
  if (separate)
    await write(
      `${path}_data`,
      weights.map(([, data]) => data),
    );
  return separate;
}

function placed(weights: readonly (readonly [string, TensorData])[], location: string): ExternalPlaces {
  let offsetBytes = 0;
  return new Map(
    weights.map(([name, { byteLength }]) => {
      const place = { location, offsetBytes };
      offsetBytes += byteLength;
      return [name, place];
    }),
  );
}

async function write(path: string, parts: readonly (TensorData | Uint8Array)[]): Promise<void> {
  const file = await open(path, 'wx');
  try {
    for (const { buffer, byteOffset, byteLength } of parts)
      await file.writeFile(new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength));
    await file.sync();
  } finally {
    await file.close();
  }
}
