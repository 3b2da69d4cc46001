import { ForgeError, Rng } from '@agent-forge/contracts';
import type { AnswerForm, BatchSource, TokenBatch } from '@agent-forge/model';
import type { TaskFamily } from '../families/family.js';
import type { Example } from '../items.js';
import { PARTS, splitOf, type Part } from '../split.js';
import { checkBatchShape } from './batch-shape.js';
import { DialogueEncoder, type TokenSequence } from './dialogue.js';
import { drawItem } from './draw.js';
import { RowPacker } from './pack.js';
import type { Encoder } from './plain-text.js';

/** One ingredient of a mix. */
export interface MixSource {
  readonly name: string;
  /** Its share of the items, against the sum of all weights. */
  readonly weight: number;
  sample(part: Part, rng: Rng): Example;
  /** Examples that must fit before training begins: all where they can be listed, else many. */
  probes(part: Part, rng: Rng): readonly Example[];
}

/** What {@link TaskMix} draws from, and how. */
export interface TaskMixOptions {
  readonly sources: readonly MixSource[];
  readonly part: Part;
  readonly tokenizer: Encoder;
  /** How the model answers: at once and as it is asked unless given. */
  readonly form?: AnswerForm;
  readonly rows: number;
  /** Tokens in a row; every item must fit into one. */
  readonly length: number;
  readonly seed: number | string;
}

/** Items drawn of a family before training, so that one that does not fit shows at once and not after hours. */
const PROBES = 256;

/** A family as an ingredient. */
export function familySource(family: TaskFamily, weight: number): MixSource {
  const sample = (part: Part, rng: Rng): Example => drawItem(family, part, rng);
  const probes = (part: Part, rng: Rng): Example[] => Array.from({ length: PROBES }, () => sample(part, rng));
  return { name: family.name, weight, sample, probes };
}

/** The examples of a data set as an ingredient, each equally likely. */
export function exampleSource(name: string, examples: readonly Example[], weight: number): MixSource {
  const parts = new Map(PARTS.map((part) => [part, examples.filter(({ key }) => splitOf(key) === part)]));
  const among = (part: Part): readonly Example[] => {
    const found = parts.get(part)!;
    if (found.length === 0) throw new ForgeError('DATA_INVALID', `${name} has no example in the ${part} part`);
    return found;
  };
  return { name, weight, sample: (part, rng) => rng.pick(among(part)), probes: among };
}

/**
 * Batches of examples out of several sources, packed into rows, with loss on the answers only. Batch k depends on the seed
 * and k alone: k is the whole state of a sampler that is resumed. A batch ends with the first item that fits into no row.
 */
export class TaskMix implements BatchSource {
  readonly rows: number;
  readonly length: number;
  readonly packed = true;
  private readonly encoder: DialogueEncoder;
  private readonly padId: number;
  private readonly totalWeight: number;

  /** @throws ForgeError INVALID_ARGUMENT for a bad shape or weight or items longer than a row, DATA_INVALID for an empty part */
  constructor(private readonly options: TaskMixOptions) {
    const { sources, tokenizer } = options;
    checkBatchShape(options);
    if (sources.length === 0 || !sources.every(({ weight }) => weight > 0 && Number.isFinite(weight))) {
      throw new ForgeError('INVALID_ARGUMENT', 'a mix needs at least one source, and every weight must be over 0');
    }
    this.rows = options.rows;
    this.length = options.length;
    this.encoder = new DialogueEncoder(tokenizer, options.form);
    this.padId = tokenizer.padId ?? 0;
    this.totalWeight = sources.reduce((sum, { weight }) => sum + weight, 0);
    for (const source of sources) {
      const rng = Rng.derive(options.seed, 'task-mix', 'probe', source.name);
      for (const example of source.probes(options.part, rng)) this.encode(source, example);
    }
  }

  batch(k: number): TokenBatch {
    const rng = Rng.derive(this.options.seed, 'task-mix', k);
    const packer = new RowPacker(this.rows, this.length, this.padId);
    while (packer.add(this.draw(rng)));
    return packer.batch();
  }

  private draw(rng: Rng): TokenSequence {
    const source = this.pickSource(rng);
    return this.encode(source, source.sample(this.options.part, rng));
  }

  private encode(source: MixSource, example: Example): TokenSequence {
    const sequence = this.encoder.encode(example);
    const places = sequence.ids.length - 1;
    if (places <= this.length) return sequence;
    const message = `an item of ${source.name} takes ${places} places, but a row has ${this.length}; choose longer rows`;
    throw new ForgeError('INVALID_ARGUMENT', message);
  }

  private pickSource(rng: Rng): MixSource {
    const { sources } = this.options;
    let point = rng.float() * this.totalWeight;
    return sources.find(({ weight }) => (point -= weight) < 0) ?? sources.at(-1)!;
  }
}
