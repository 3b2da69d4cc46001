import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { createRequire } from 'node:module';

/** Load over which other work is likely to spoil the figures. */
const BUSY_LOAD = 0.7;

/** What the figures were measured on. */
export async function machine() {
  const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json');
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown CPU',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    system: `${process.platform} ${release()}`,
    node: process.versions.node,
    onnxruntime: version,
    loadAverage: loadavg()[0],
  };
}

/** Says so when other programs are using the processors: two threads that wait for each other suffer most of all. */
export function warnIfBusy(log) {
  const load = loadavg()[0];
  if (load > BUSY_LOAD)
    log(`Note: load average ${load.toFixed(1)}: other programs are running, and the figures will suffer.\n`);
}
