/**
 * Run as a process of its own, since the Vulkan driver is chosen by the environment at its start: computes the same on
 * `cpu` and on `webgpu` and prints one JSON line, a {@link WebgpuReport}.
 */
import { ForgeError } from '@agent-forge/contracts';
import { gradients } from '../ir/autodiff.js';
import { Graph, type Value } from '../ir/graph.js';
import { reachable } from '../ir/serialize.js';
import { adamw } from '../optim/adamw.js';
import type { Provider } from '../session/provider.js';
import { type HostTensor, Session } from '../session/session.js';
import { buildTrainProgram } from '../training/program.js';
import { TrainLoop } from '../training/train-loop.js';
import { numbers } from './drive.js';
import { PARAMETERS, batch, batchFields, initial, tinyLoss } from './tiny-network.js';

/** What the child found. Differences are relative, norm against norm. */
export type WebgpuReport =
  | { readonly missing: string }
  | {
      /** Of every float value that the forward and backward pass computes, by node name. */
      readonly values: Readonly<Record<string, number>>;
      /** Loss of every step, per provider. */
      readonly losses: Readonly<Record<'cpu' | 'webgpu', readonly number[]>>;
      /** Of every parameter after training. */
      readonly parameters: Readonly<Record<string, number>>;
    };

const ROWS = 2;
const ACCUMULATION = 2;
const STEPS = 8;

/** |a − b| / |a|; 1 would be an answer that has nothing to do with the right one. */
function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [x, y] = [Array.from(a), Array.from(b)];
  const gap = Math.hypot(...x.map((v, i) => v - y[i]!)) / (Math.hypot(...x) || 1);
  return Number.isNaN(gap) ? Infinity : gap;
}

/** Every value of one forward and backward pass on both providers. */
async function compareValues(): Promise<Record<string, number>> {
  const graph = new Graph();
  const parameters = new Map(PARAMETERS.map((p) => [p.name, graph.floatInput(p.name, p.shape)]));
  const fields = Object.entries(batchFields(ROWS));
  const inputs = Object.fromEntries(fields.map(([name, f]) => [name, graph.input(`batch/${name}`, f.dtype, f.shape)]));
  const { loss } = tinyLoss(ROWS)(graph, parameters, inputs);
  const wanted = [loss, ...gradients(loss, [...parameters.values()]).map((g) => g!)];
  const values = reachable(graph, wanted).flatMap((n) => n.outputs.filter((v) => v.dtype === 'float32'));
  const feeds: Record<string, HostTensor> = {};
  for (const p of PARAMETERS) feeds[p.name] = { dtype: 'float32', shape: p.shape, data: initial().get(p.name)! };
  for (const [name, f] of fields) feeds[`batch/${name}`] = { ...f, data: batch(0, ROWS)[name]! };
  const [cpu, webgpu] = [await allValues('cpu', graph, values, feeds), await allValues('webgpu', graph, values, feeds)];
  return Object.fromEntries(values.map((v, i) => [v.name, difference(cpu[i]!, webgpu[i]!)]));
}

async function allValues(
  provider: Provider,
  graph: Graph,
  values: readonly Value[],
  feeds: Record<string, HostTensor>,
) {
  const session = await Session.of(graph, Object.fromEntries(values.map((v, i) => [`v${i}`, v])), { provider });
  const results = await session.run(feeds);
  await session.release();
  return values.map((_, i) => results[`v${i}`]!.data as Float32Array);
}

/** The whole training graph, with its loop over steps and the one over micro-batches. */
async function train(provider: Provider): Promise<{ losses: number[]; parameters: Record<string, number[]> }> {
  const program = buildTrainProgram({
    parameters: PARAMETERS,
    batch: batchFields(ROWS),
    loss: tinyLoss(ROWS),
    accumulation: ACCUMULATION,
    optimizer: adamw({ learningRate: 0.01 }),
    clipNorm: 1,
  });
  const loop = await TrainLoop.create(program, initial(), { provider });
  const batches = Array.from({ length: STEPS }, (_, k) => batch(k % 2, ROWS * ACCUMULATION));
  const reports = await loop.advance(batches, () => 1);
  const parameters = Object.fromEntries(PARAMETERS.map((p) => [p.name, numbers(loop, p.name)]));
  await loop.release();
  return { losses: reports.map((r) => r.loss), parameters };
}

async function report(): Promise<WebgpuReport> {
  const values = await compareValues();
  const [cpu, webgpu] = [await train('cpu'), await train('webgpu')];
  const parameters = PARAMETERS.map((p) => [p.name, difference(cpu.parameters[p.name]!, webgpu.parameters[p.name]!)]);
  return { values, losses: { cpu: cpu.losses, webgpu: webgpu.losses }, parameters: Object.fromEntries(parameters) };
}

const answer = await report().catch((error: unknown): WebgpuReport => {
  if (error instanceof ForgeError && error.code === 'PROVIDER_MISSING') return { missing: error.message };
  throw error;
});
process.stdout.write(`${JSON.stringify(answer)}\n`);
