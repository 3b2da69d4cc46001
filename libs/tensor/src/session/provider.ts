import { ForgeError } from '@agent-forge/contracts';
import type { InferenceSession } from 'onnxruntime-node';
import { listSupportedBackends } from 'onnxruntime-node';

/** Where a graph runs. `cpu` is always there; the others need a driver. */
export type Provider = 'cpu' | 'webgpu' | 'cuda';
export const PROVIDERS: readonly Provider[] = ['cpu', 'webgpu', 'cuda'];

const HELP: Readonly<Record<Provider, string>> = {
  cpu: 'the cpu provider is part of onnxruntime-node; reinstall it with npm ci',
  webgpu:
    'webgpu needs a Vulkan loader and driver: install your GPU driver and the package libvulkan1, or for a slow software device install chromium and set VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json',
  cuda: 'cuda needs an NVIDIA driver, CUDA 12 with cuDNN 9, and the CUDA files of onnxruntime-node: run node node_modules/onnxruntime-node/script/install.js --onnxruntime-node-install=cuda12',
};

export function parseProvider(name: string): Provider {
  const provider = PROVIDERS.find((p) => p === name);
  if (!provider)
    throw new ForgeError(
      'INVALID_ARGUMENT',
      `unknown provider ${JSON.stringify(name)}; use one of ${PROVIDERS.join(', ')}`,
    );
  return provider;
}

/** The session option for a provider; falls back to the CPU for single nodes that the provider cannot run. */
export function executionProviders(provider: Provider): InferenceSession.ExecutionProviderConfig[] {
  if (!listSupportedBackends().some((b: { name: string }) => b.name === provider)) throw missing(provider);
  return provider === 'cpu' ? ['cpu'] : [provider, 'cpu'];
}

/** The error for a provider that could not start, with what to install. */
export function missing(provider: Provider, cause?: unknown): ForgeError {
  const reason = cause instanceof Error ? ` (${cause.message.split('\n')[0]})` : '';
  return new ForgeError(
    'PROVIDER_MISSING',
    `the ${provider} provider is not available here: ${HELP[provider]}${reason}`,
    cause,
  );
}
