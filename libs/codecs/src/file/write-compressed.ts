import { configToJson, streamSafetensors, type LlamaConfig, type TensorSpec } from '@agent-forge/model';
import { sharedName, type Compressed } from './compressed-model.js';

/**
 * Writes a compressed model, or a part of one, as one safetensors file: each tensor as packed bytes under its own name, and in the header, beside the
 * configuration, the codec and shape of each. Equal contents give equal bytes.
 * @throws ForgeError STORE_UNAVAILABLE
 */
export async function writeCompressed(
  path: string,
  { tensors, shared }: Compressed,
  config: LlamaConfig,
): Promise<void> {
  const stored = new Map<string, Uint8Array>();
  for (const [name, { bytes }] of tensors) stored.set(name, bytes);
  for (const [codec, bytes] of shared) stored.set(sharedName(codec), bytes);
  const specs = new Map<string, TensorSpec>();
  for (const [name, { length }] of stored) specs.set(name, { dtype: 'U8', shape: [length] });
  const forms = [...tensors].map(([name, { codec, shape }]) => [name, { codec, shape }] as const);
  await streamSafetensors(path, specs, (name) => ({ data: { bytes: stored.get(name)! } }), {
    metadata: {
      config: JSON.stringify(configToJson(config, 'F32')),
      tensors: JSON.stringify(Object.fromEntries(forms)),
    },
  });
}
