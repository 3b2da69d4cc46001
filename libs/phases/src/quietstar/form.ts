import { ForgeError, Rng } from '@agent-forge/contracts';
import { createFamily, DialogueEncoder, drawItem, THOUGHT_TOKENS, type TaskItem } from '@agent-forge/data';
import { withSpecialTokens, type TokenizedModel, type Model } from '@agent-forge/model';
import type { FamilyMix } from '../shared/families.js';
import type { QuietstarParams } from './params.js';

/** What the paper begins the embeddings of the two new tokens with: a mark that stands between thoughts in human text. */
const LIKE = '---';
/** Where no derivation says how long a thought is. */
const DEFAULT_TOKENS = 8;
/** Items of a family that are looked at for their derivations. */
const PROBES = 64;

/** What is thought about, and in which form; the same for all arms. */
export interface ThinkingForm {
  /** Task families with thoughts before their answers; empty on text alone. */
  readonly families: readonly string[];
  /** Tokens between start and end. */
  readonly tokens: number;
  /** Ids that thoughts may consist of. */
  readonly alphabet: readonly number[];
  readonly startId: number;
  readonly endId: number;
}

/** The model with the tokens around thoughts, and the form of its thoughts. */
export interface Prepared {
  readonly model: TokenizedModel;
  readonly form: ThinkingForm;
}

/**
 * Settles what is thought about before any work.
 * @throws ForgeError INVALID_ARGUMENT where a derivation is to be taught and there is none, or it is longer or shorter than `thoughtTokens`, and
 * where texts with their thoughts are longer than the model's positions
 */
export function prepare(model: Model, params: QuietstarParams, mix: FamilyMix, seed: number): Prepared {
  const ready = withSpecialTokens(model, THOUGHT_TOKENS, LIKE);
  const { tokenizer } = ready;
  const probes = new Map(Object.keys(mix).map((name) => [name, probe(name, seed)] as const));
  const derived = new Map([...probes].map(([name, items]) => [name, derivations(items)] as const));
  const taught = [...derived].filter(([, texts]) => texts.length > 0).map(([name]) => name);
  const families = params.families ?? (taught.length > 0 ? taught : Object.keys(mix));
  const texts = families.flatMap((name) => derived.get(name)!);
  const encoded = texts.map((text) => tokenizer.encode(text, { addSpecialTokens: false }));
  const tokens = params.thoughtTokens ?? encoded[0]?.length ?? DEFAULT_TOKENS;
  if (params.warmSteps > 0) checkTaught(families, derived, encoded, tokens);
  const encoder = new DialogueEncoder(tokenizer);
  const items = families.flatMap((name) => probes.get(name)!.map((item) => encoder.encode(item).ids.length));
  checkLength(ready, items, tokens, params);
  const [startId, endId] = THOUGHT_TOKENS.map((token) => tokenizer.tokenToId(token)!) as [number, number];
  const special = new Set(tokenizer.specialTokens.map((token) => tokenizer.tokenToId(token)));
  const symbols = [...new Set(encoded.flat())].sort((a, b) => a - b);
  const ordinary = Array.from({ length: tokenizer.vocabSize }, (_, id) => id).filter((id) => !special.has(id));
  const alphabet = symbols.length > 0 ? symbols : ordinary;
  return { model: ready, form: { families, tokens, alphabet, startId, endId } };
}

function probe(name: string, seed: number): TaskItem[] {
  const family = createFamily(name);
  const rng = Rng.derive(seed, 'derivations', name);
  return Array.from({ length: PROBES }, () => drawItem(family, 'train', rng));
}

function derivations(items: readonly TaskItem[]): string[] {
  return items.flatMap(({ thoughts }) => (thoughts === undefined ? [] : [thoughts]));
}

function checkLength(
  { config }: Model,
  items: readonly number[],
  tokens: number,
  { rowLength, talkTokens }: QuietstarParams,
): void {
  const text = items.length > 0 ? Math.max(...items) : rowLength + talkTokens;
  const longest = text + tokens + 2;
  const most = config.maxPositionEmbeddings;
  if (longest > most)
    throw new ForgeError(
      'INVALID_ARGUMENT',
      `a text of ${text} tokens with its thought takes ${longest} positions, and the model has ${most}; lower thoughtTokens or, on text, rowLength`,
    );
}

function checkTaught(
  families: readonly string[],
  derived: ReadonlyMap<string, readonly string[]>,
  encoded: readonly (readonly number[])[],
  tokens: number,
): void {
  const without = families.find((name) => derived.get(name)!.length === 0);
  if (without !== undefined)
    throw new ForgeError(
      'INVALID_ARGUMENT',
      `family ${without} has no derivation that a warm start could teach; set warmSteps to 0 or name other families`,
    );
  const other = encoded.find(({ length }) => length !== tokens);
  if (other !== undefined)
    throw new ForgeError(
      'INVALID_ARGUMENT',
      `a thought has ${tokens} tokens, but a derivation of ${families.join(', ')} has ${other.length}; set thoughtTokens`,
    );
}
