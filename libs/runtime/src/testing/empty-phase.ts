import { definePhase, paramsOf } from '@agent-forge/phases';

/** Makes nothing and measures when: what is left of a run is the hand-off. Its name is the module's `name` parameter. */
export const phase = definePhase({
  name: new URL(import.meta.url).searchParams.get('name') ?? 'empty',
  module: import.meta.url,
  consumes: { atLeast: 0, data: false },
  produces: [],
  params: paramsOf({}),
  resources: { cpus: 1, memoryMiB: 64 },
  run: async () => ({ artifacts: [], metrics: {} }),
  gate: () => [],
  fallback: null,
});
