import { ForgeError } from '@agent-forge/contracts';
import type { AnswerForm, ThoughtMark } from '@agent-forge/model';
import { THINK_TOKENS } from '@agent-forge/model/storage';
import { answerUnder } from '../families/answer-under.js';
import { messagesOf, type Example, type Message } from '../items.js';
import { plainTextEncoder, type Encoder } from './plain-text.js';

/** The special token before a turn of each role; a tokenizer made for training from scratch should have them. */
export const ROLE_TOKENS = { system: '<sys>', user: '<user>', assistant: '<ask>' } as const;

/** The special tokens before and after a thought. */
export const THOUGHT_TOKENS = [THINK_TOKENS.start, THINK_TOKENS.end] as const;

/** Tokens of one example, and which of them are to be learnt. */
export interface TokenSequence {
  readonly ids: readonly number[];
  /** 1 for tokens whose prediction counts (assistant turns with their end token), else 0; as long as `ids`. */
  readonly learnt: readonly number[];
}

/**
 * Turns examples into tokens: `<bos> [<sys> system] <user> prompt <ask> answer <eos>`, every turn encoded by itself, so
 * that an answer has the same tokens whatever stands before it. A tokenizer without the role tokens ends system and user
 * turns by a line feed instead; one without `<bos>` leaves it out. Where a model thinks before it answers, its thought stands before the answer:
 * `<ask><think> derivation </think> answer <eos>`. Where a system prompt was baked into it, the answer is the one under that prompt, which is not there.
 */
export class DialogueEncoder {
  private readonly before: Readonly<Record<Message['role'], readonly number[]>>;
  private readonly afterQuestion: readonly number[];
  private readonly eosId: number;
  private readonly start: readonly number[];
  private readonly plain: (text: string) => number[];
  private readonly aroundThoughts: readonly (number | undefined)[];
  private readonly thinking: ThoughtMark | undefined;
  private readonly baked: ReadonlyMap<string, string>;

  /**
   * @throws ForgeError TOKENIZER_INVALID when the tokenizer has no end-of-sequence token
   */
  constructor(tokenizer: Encoder, { thinking, baked = {} }: AnswerForm = {}) {
    this.thinking = thinking;
    this.baked = new Map(Object.entries(baked));
    if (tokenizer.eosId === null) {
      throw new ForgeError('TOKENIZER_INVALID', 'the tokenizer has no end-of-sequence token, so no answer could end');
    }
    this.eosId = tokenizer.eosId;
    this.start = tokenizer.bosId === null ? [] : [tokenizer.bosId];
    this.plain = plainTextEncoder(tokenizer);
    const id = (role: Message['role']): number | undefined => tokenizer.tokenToId(ROLE_TOKENS[role]);
    const [system, user, assistant] = [id('system'), id('user'), id('assistant')];
    const marked = system !== undefined && user !== undefined && assistant !== undefined;
    this.before = marked
      ? { system: [system], user: [user], assistant: [assistant] }
      : { system: [], user: [], assistant: [] };
    this.afterQuestion = marked ? [] : this.plain('\n');
    this.aroundThoughts = THOUGHT_TOKENS.map((token) => tokenizer.tokenToId(token));
  }

  /** All tokens of an example, for training. */
  encode(example: Example): TokenSequence {
    const ids: number[] = [];
    const learnt: number[] = [];
    const push = (tokens: readonly number[], counts: 0 | 1): void => {
      for (const token of tokens) {
        ids.push(token);
        learnt.push(counts);
      }
    };
    push(this.start, 0);
    for (const { role, content } of messagesOf(this.asAnswered(example))) {
      push(this.before[role], 0);
      if (role === 'assistant') {
        push(this.encodeThought(example), this.thinking?.form === 'pause' ? 0 : 1);
        push(this.encodeAnswer(content), 1);
      } else push([...this.plain(content), ...this.afterQuestion], 0);
    }
    return { ids, learnt };
  }

  /** The tokens after which a model is to write the last answer of the example. */
  encodePrompt(example: Example): number[] {
    const { ids } = this.encode(example);
    const answer = this.encodeAnswer(messagesOf(this.asAnswered(example)).at(-1)!.content);
    const written = this.thinking?.form === 'pause' ? 0 : this.encodeThought(example).length;
    return ids.slice(0, ids.length - answer.length - written);
  }

  /** The example with the answer that is right for this model: of what was baked into it, the one under the prompt that is no longer there. */
  asAnswered<Any extends Example>(example: Any): Any {
    if ('messages' in example || example.system !== undefined) return example;
    const prompt = this.baked.get(example.family);
    const answer = prompt === undefined ? undefined : answerUnder(prompt, example);
    return answer === undefined ? example : { ...example, answer };
  }

  /** The tokens of the thought before an answer; none where the model answers at once or the item has no derivation. */
  encodeThought(example: Example): number[] {
    const [start, end] = this.aroundThoughts;
    if (this.thinking === undefined || start === undefined || end === undefined || 'messages' in example) return [];
    const { families, form, tokens } = this.thinking;
    if (!families.includes(example.family)) return [];
    if (form === 'pause') return [...Array.from({ length: tokens + 1 }, () => start), end];
    return example.thoughts === undefined ? [] : [start, ...this.plain(example.thoughts), end];
  }

  /** The tokens of an answer with its end token. */
  encodeAnswer(answer: string): number[] {
    return [...this.plain(answer), this.eosId];
  }
}
