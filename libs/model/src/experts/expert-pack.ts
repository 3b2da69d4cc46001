import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ForgeError } from '@agent-forge/contracts';
import { readJsonObject, writeJson } from '../folder/json-file.js';
import { openSafetensors } from '../safetensors/open-safetensors.js';
import { writeSafetensors } from '../safetensors/write-safetensors.js';
import type { Weights, WeightTensor } from '../weights.js';
import type { Centroids } from './centroids.js';
import type { StateReading } from './prompt-states.js';
import { projectionsOf } from './svd.js';
import { mixScales, type Scales } from './svf.js';

/** One expert of a pack. */
export interface Expert {
  readonly name: string;
  /** Task families or data sets that it is for. */
  readonly domains: readonly string[];
  readonly scales: Scales;
}

/** Which expert is to answer: the nearest class by the base model's states of the prompt, and the expert of that class. */
export interface Router {
  readonly reading: StateReading;
  readonly centroids: Centroids;
  /** Names of experts by class; classes without one are answered by the base model. */
  readonly expertOf: Readonly<Record<string, string>>;
}

/** Expert vectors for one base model: a few kB each. */
export interface ExpertPack {
  /** {@link weightsDigest} of the model that they are for. */
  readonly base: string;
  readonly experts: readonly Expert[];
  readonly router?: Router;
  /** Mixtures that were found, by the domain that they are for. */
  readonly mixtures?: Readonly<Record<string, Mixture>>;
}

/** Parts of experts that are mixed, by their names. */
export type Mixture = Readonly<Record<string, number>>;

/** The folder of a pack beside the model that it is for. */
export const EXPERTS_FOLDER = 'experts';
const TENSORS = 'experts.safetensors';
/** The router's numbers, in full precision. */
const ROUTER_TENSORS = 'router.safetensors';
const ABOUT = 'experts.json';
const VERSION = 1;
const ROUTER = { centers: 'router/centers', precision: 'router/precision' } as const;

/** SHA-256 of the matrices that experts scale: a pack fits a model with the same ones and no other. */
export function weightsDigest(weights: Weights): string {
  const hash = createHash('sha256');
  for (const name of projectionsOf(weights).sort()) {
    const { shape, data } = weights.get(name)!;
    hash.update(JSON.stringify([name, shape]));
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex');
}

/** Writes a pack into a new folder: scales in half precision, which is what whoever reads it back computes with. */
export async function writeExpertPack(dir: string, { base, experts, router, mixtures }: ExpertPack): Promise<void> {
  await mkdir(dir, { recursive: true });
  const tensors = new Map<string, WeightTensor>();
  for (const { name, scales } of experts) for (const [weight, z] of scales) tensors.set(`${name}/${weight}`, z);
  if (tensors.size > 0) await writeSafetensors(join(dir, TENSORS), tensors, { dtype: 'F16' });
  const about: Record<string, unknown> = {
    version: VERSION,
    base,
    experts: experts.map(({ name, domains }) => ({ name, domains })),
    ...(mixtures ? { mixtures } : {}),
  };
  if (router) {
    const { reading, expertOf, centroids } = router;
    const { classes, centers, precision } = centroids;
    const width = precision.length;
    const parts = new Map<string, WeightTensor>([
      [ROUTER.centers, { shape: [classes.length, width], data: centers }],
      [ROUTER.precision, { shape: [width], data: precision }],
    ]);
    await writeSafetensors(join(dir, ROUTER_TENSORS), parts);
    about['router'] = { reading, classes, expertOf };
  }
  await writeJson(join(dir, ABOUT), about);
}

/**
 * Reads what {@link writeExpertPack} wrote.
 * @throws ForgeError `UNSUPPORTED_FORMAT` when the folder holds something else, `SAFETENSORS_INVALID`
 */
export async function readExpertPack(dir: string): Promise<ExpertPack> {
  const about = (await readJsonObject(join(dir, ABOUT))) as unknown as Partial<About> | null;
  if (about?.version !== VERSION || typeof about.base !== 'string' || !Array.isArray(about.experts))
    throw new ForgeError('UNSUPPORTED_FORMAT', `${dir} is no expert pack: its ${ABOUT} is missing or of another kind`);
  const tensors = await readAll(join(dir, TENSORS));
  const experts = about.experts.map(({ name, domains }): Expert => {
    const own = [...tensors].filter(([key]) => key.startsWith(`${name}/`));
    return { name, domains, scales: new Map(own.map(([key, z]) => [key.slice(name.length + 1), z])) };
  });
  const { router } = about;
  const pack = { base: about.base, experts, ...(about.mixtures ? { mixtures: about.mixtures } : {}) };
  if (router === undefined) return pack;
  const parts = await readAll(join(dir, ROUTER_TENSORS));
  const [centers, precision] = [ROUTER.centers, ROUTER.precision].map((name) => parts.get(name)?.data);
  if (centers === undefined || precision === undefined)
    throw new ForgeError('UNSUPPORTED_FORMAT', `${dir} is no expert pack: its router has no centroids`);
  const { reading, expertOf, classes } = router;
  return { ...pack, router: { reading, expertOf, centroids: { classes, centers, precision } } };
}

/** `experts.json`. */
interface About {
  readonly version: number;
  readonly base: string;
  readonly experts: readonly { readonly name: string; readonly domains: readonly string[] }[];
  readonly mixtures?: Readonly<Record<string, Mixture>>;
  readonly router?: Pick<Router, 'reading' | 'expertOf'> & { readonly classes: readonly string[] };
}

async function readAll(path: string): Promise<Weights> {
  const file = await openSafetensors(path);
  const tensors: Weights = new Map();
  for (const name of file.tensors.keys()) tensors.set(name, await file.read(name));
  return tensors;
}

/**
 * The scales of a mixture of a pack's experts; those of one expert are the pack's own bytes.
 * @throws ForgeError INVALID_ARGUMENT for an expert that the pack does not have
 */
export function mixtureScales({ experts }: Pick<ExpertPack, 'experts'>, mixture: Mixture): Scales {
  const stranger = Object.keys(mixture).find((name) => !experts.some((expert) => expert.name === name));
  if (stranger !== undefined) {
    const known = experts.map(({ name }) => name).join(', ');
    throw new ForgeError('INVALID_ARGUMENT', `there is no expert ${stranger.slice(0, 80)}; there are ${known}`);
  }
  return mixScales(experts.map(({ name, scales }) => ({ scales, alpha: mixture[name] ?? 0 })));
}

/** @throws ForgeError SHAPE_MISMATCH when a pack is for other weights */
export function assertFits({ base }: Pick<ExpertPack, 'base'>, weights: Weights): void {
  if (weightsDigest(weights) !== base)
    throw new ForgeError(
      'SHAPE_MISMATCH',
      'the experts are for other weights than these: apply a pack to the model it was made of',
    );
}
