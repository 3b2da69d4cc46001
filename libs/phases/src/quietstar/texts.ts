import { ForgeError, Rng } from '@agent-forge/contracts';
import { createFamily, DialogueEncoder, drawItem } from '@agent-forge/data';
import type { ThoughtTexts, Tokenizer } from '@agent-forge/model';
import type { FamilyMix } from '../shared/families.js';

/** The texts of one step. A function of its number, so that a training that is resumed sees the same. */
export type TextsOf = (step: number) => ThoughtTexts;

/** Draws per row while looking for an item that is short enough. */
const MAX_DRAWS = 1_000;
/** Items of a family by which the length of a row is set. */
const PROBES = 128;

/** Sizes of a batch. */
export interface TextShape {
  readonly rows: number;
  readonly seed: number | string;
}

interface Drawn {
  readonly family: string;
  readonly ids: readonly number[];
  readonly learnt: readonly number[];
  readonly promptTokens: number;
}

/**
 * Items of a mix, one to a row, with a thought before the answers of the families that are thought about. Rows are as long as the longest item of the families that are thought about; longer
 * items of other families are left out.
 */
export function itemTexts(
  tokenizer: Tokenizer,
  mix: FamilyMix,
  about: readonly string[],
  { rows, seed }: TextShape,
): TextsOf {
  const encoder = new DialogueEncoder(tokenizer);
  const families = new Map(Object.keys(mix).map((name) => [name, createFamily(name)]));
  const draw = (name: string, rng: Rng): Drawn => {
    const item = drawItem(families.get(name)!, 'train', rng);
    return { ...encoder.encode(item), family: name, promptTokens: encoder.encodePrompt(item).length };
  };
  const length = Math.max(
    ...about.flatMap((name) => {
      const rng = Rng.derive(seed, 'length', name);
      return Array.from({ length: PROBES }, () => draw(name, rng).ids.length);
    }),
  );
  const total = Object.values(mix).reduce((sum, weight) => sum + weight, 0);
  const pick = (rng: Rng): string => {
    let point = rng.float() * total;
    return Object.keys(mix).find((name) => (point -= mix[name]!) < 0) ?? about[0]!;
  };
  const drawShort = (rng: Rng): Drawn => {
    for (let n = 0; n < MAX_DRAWS; n++) {
      const question = draw(pick(rng), rng);
      if (question.ids.length <= length) return question;
    }
    throw new ForgeError('DATA_INVALID', `no item of the mix is as short as ${length} tokens`);
  };
  const padId = tokenizer.padId ?? 0;
  return (step) => {
    const rng = Rng.derive(seed, 'items', step);
    const drawn = Array.from({ length: rows }, () => drawShort(rng));
    const pad = (values: readonly number[], by: number) => Array.from({ length }, (_, i) => values[i] ?? by);
    return {
      texts: drawn.map(({ ids }) => pad(ids, padId)),
      learnt: drawn.map(({ learnt }) => pad(learnt, 0)),
      anchors: drawn.map(({ promptTokens }) => [promptTokens - 1]),
      thinking: drawn.map(({ family }) => about.includes(family)),
    };
  };
}

/**
 * Windows of running text with thoughts behind some of their tokens, at places drawn for each.
 * @throws ForgeError DATA_INVALID when no text is as long as a window
 */
export function windowTexts(
  tokenizer: Tokenizer,
  texts: readonly string[],
  length: number,
  thoughts: number,
  { rows, seed }: TextShape,
): TextsOf {
  const encoded = texts
    .map((text) => tokenizer.encode(text, { addSpecialTokens: false }))
    .filter((ids) => ids.length > length);
  if (encoded.length === 0)
    throw new ForgeError('DATA_INVALID', `no text has more than ${length} tokens; choose a smaller rowLength`);
  return (step) => {
    const rng = Rng.derive(seed, 'windows', step);
    const drawn = Array.from({ length: rows }, () => {
      const ids = rng.pick(encoded);
      const at = rng.int(ids.length - length);
      return ids.slice(at, at + length + 1);
    });
    // The last token is only ever predicted.
    const places = Array.from({ length }, (_, i) => i);
    return {
      texts: drawn,
      learnt: drawn.map((ids) => ids.map(() => 1)),
      anchors: drawn.map(() => {
        const shuffled = [...places];
        rng.shuffle(shuffled);
        return shuffled.slice(0, thoughts).sort((a, b) => a - b);
      }),
    };
  };
}
