import { Rng } from '@agent-forge/contracts';
import type { TaskItem } from '@agent-forge/data';
import { bootstrapPairedDifference, type Model } from '@agent-forge/model';
import type { PhaseContext } from '../phase.js';
import { evaluateFamilies, familyItems, type FamilyEvaluation } from '../shared/families.js';
import type { Comparison } from '../shared/report.js';
import { inManner, type Manner } from './mixes.js';
import { ownThoughts, withThoughts } from './own-thoughts.js';
import type { QuietstarParams } from './params.js';

type Context = PhaseContext<QuietstarParams>;
type Part = 'select' | 'report';

/** One that is measured: on the whole mix, the items in which thinking is to help at the end. */
export interface Contender {
  readonly name: string;
  readonly evaluation: FamilyEvaluation;
}

/** The items that everything is measured on, and everything that can stand before the answers of those that are thought about. */
export class Contest {
  private constructor(
    private readonly context: Context,
    private readonly part: Part,
    /** Of the recipe's families, but for those that are taught. */
    private readonly others: readonly TaskItem[],
    /** Of the families that are taught, with nothing before the answer. */
    readonly thoughtAbout: readonly TaskItem[],
  ) {}

  static of(context: Context, part: Part): Contest {
    const { params, families, seed } = context;
    const others = Object.fromEntries(Object.entries(families).filter(([name]) => !params.teach.includes(name)));
    const draw = (names: readonly string[]) =>
      familyItems(Object.fromEntries(names.map((name) => [name, 1])), part, params.itemsPerFamily, `${seed}/${part}/0`);
    return new Contest(context, part, draw(Object.keys(others)), draw(params.teach));
  }

  /** A model whose answers come as they come, or behind pauses. */
  plain(name: string, model: Model, manner: Manner = 'plain'): Promise<Contender> {
    const { teach, itemsPerFamily } = this.context.params;
    const { seed } = this.context;
    if (manner === 'plain') return this.#measure(name, model, this.thoughtAbout);
    const mix = Object.fromEntries(teach.map((family) => [inManner(family, manner), 1]));
    const items = familyItems(mix, this.part, itemsPerFamily, `${seed}/${this.part}/0`);
    return this.#measure(name, model, items);
  }

  /** A model with thoughts of its own, with those of other items, and without any. */
  async thinking(name: string, model: Model): Promise<{ own: Contender; shuffled: Contender; skipped: Contender }> {
    const thoughts = await ownThoughts(model, this.thoughtAbout, this.context);
    const strange = shuffle(thoughts, Rng.derive(this.context.seed, 'shuffled thoughts', this.part));
    return {
      own: await this.#measure(name, model, withThoughts(this.thoughtAbout, thoughts)),
      shuffled: await this.#measure('shuffled', model, withThoughts(this.thoughtAbout, strange)),
      skipped: await this.#measure('skipped', model, this.thoughtAbout),
    };
  }

  /** How much more often the better one is right where thinking is to help, with its paired interval. */
  compare(better: Contender, than: Contender): Comparison {
    const ownPart = ({ evaluation }: Contender) => evaluation.correct.subarray(this.others.length);
    const difference = bootstrapPairedDifference(ownPart(better), ownPart(than), { seed: than.name });
    return { name: `${better.name} − ${than.name}`, better: better.name, than: than.name, difference };
  }

  /** Share of the items with thoughts that are answered right. */
  accuracy({ evaluation }: Contender): number {
    const correct = evaluation.correct.subarray(this.others.length);
    return correct.reduce((sum, each) => sum + each, 0) / correct.length;
  }

  async #measure(name: string, model: Model, thoughtAbout: readonly TaskItem[]): Promise<Contender> {
    const { threads, signal } = this.context;
    // Whatever stands before its answers, a family keeps its name, so that rows can be compared.
    const items = [...this.others, ...thoughtAbout.map((item) => ({ ...item, family: item.family.split('@')[0]! }))];
    return { name, evaluation: await evaluateFamilies(model, items, { threads, signal }) };
  }
}

/** Each thought at the place of another: a rotation of a random order, so that none stays where it was. */
function shuffle<T>(values: readonly T[], rng: Rng): T[] {
  const order = [...values.keys()];
  rng.shuffle(order);
  const result: T[] = [...values];
  order.forEach((from, i) => (result[order[(i + 1) % order.length]!] = values[from]!));
  return result;
}
