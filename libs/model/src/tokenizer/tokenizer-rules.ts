import { ForgeError } from '@agent-forge/contracts';
import { shown } from '../shown.js';

/** The largest published vocabularies have 262,144 tokens; ids are array indices, so a huge one would be a huge array. */
const MAX_VOCAB_SIZE = 2 ** 22;

/** The parts of a `tokenizer.json` that are looked at here; the library reads the rest. */
export interface TokenizerJson {
  readonly added_tokens: readonly { readonly content: string; readonly id: number; readonly special?: boolean }[];
  readonly pre_tokenizer?: unknown;
  readonly [key: string]: unknown;
}

const fail = (problem: string): never => {
  throw new ForgeError('TOKENIZER_INVALID', `tokenizer.json: ${problem}`);
};
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isId = (id: unknown): id is number =>
  Number.isInteger(id) && (id as number) >= 0 && (id as number) < MAX_VOCAB_SIZE;

/**
 * Checks what would otherwise be found out late or never: that there is a model with a vocabulary, that every id
 * is a small whole number and belongs to one token, and that merges and the unknown token stand in the vocabulary
 * (otherwise text would be lost without a word).
 * @throws ForgeError `TOKENIZER_INVALID` naming the part and the reason
 */
export function checkTokenizerJson(json: object): TokenizerJson {
  const { model, added_tokens: added = [] } = json as Record<string, unknown>;
  if (!isObject(model)) return fail('there is no "model" object');
  const tokenOf = new Map<number, string>();
  const claim = (token: string, id: unknown): void => {
    if (!isId(id))
      return fail(`token ${shown(token)} has the id ${shown(id)}, not one from 0 to ${MAX_VOCAB_SIZE - 1}`);
    const other = tokenOf.get(id);
    if (other !== undefined && other !== token) fail(`the id ${id} belongs to ${shown(other)} and to ${shown(token)}`);
    tokenOf.set(id, token);
  };
  for (const [token, id] of vocabulary(model['vocab'])) claim(token, id);
  if (model['type'] === 'BPE') checkBytePairs(model, new Set(tokenOf.values()));
  if (!Array.isArray(added)) return fail('"added_tokens" is not a list');
  for (const token of added) {
    if (!isObject(token) || typeof token['content'] !== 'string' || token['content'] === '')
      return fail('an added token has no "content"');
    claim(token['content'], token['id']);
  }
  // It may be among the added ones only, where it is never needed in ordinary text.
  const unknown = model['unk_token'];
  if (typeof unknown === 'string' && ![...tokenOf.values()].includes(unknown))
    fail(`the unk_token ${shown(unknown)} is not in the vocabulary`);
  return { ...(json as Record<string, unknown>), added_tokens: added as TokenizerJson['added_tokens'] };
}

function checkBytePairs(model: Record<string, unknown>, tokens: ReadonlySet<string>): void {
  const { merges, continuing_subword_prefix: prefix } = model;
  if (!Array.isArray(merges)) return fail('a BPE model needs a list of "merges"');
  const dropped = typeof prefix === 'string' ? prefix.length : 0;
  for (const [i, merge] of merges.entries()) {
    const pair: unknown = typeof merge === 'string' ? merge.split(' ') : merge;
    if (!Array.isArray(pair) || pair.length !== 2) return fail(`merge ${i} is not a pair of tokens`);
    const [left, right] = pair.map(String) as [string, string];
    for (const token of [left, right, left + right.slice(dropped)])
      if (!tokens.has(token)) fail(`merge ${i} needs the token ${shown(token)}, which is not in the vocabulary`);
  }
}

/** Token and id of each entry: an object of ids, or in Unigram a list of tokens with scores. */
function vocabulary(vocab: unknown): Iterable<readonly [string, unknown]> {
  if (isObject(vocab)) return Object.entries(vocab);
  if (!Array.isArray(vocab)) return fail('the model has no "vocab"');
  return vocab.map((entry: unknown, id) => {
    if (!Array.isArray(entry) || typeof entry[0] !== 'string')
      return fail(`entry ${id} of the vocabulary is not a token with its score`);
    return [entry[0], id] as const;
  });
}
