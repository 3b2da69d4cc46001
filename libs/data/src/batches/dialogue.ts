import { ForgeError } from '@agent-forge/contracts';
import { THINK_TOKENS } from '@agent-forge/model/storage';
import { messagesOf, type Example, type Message, type TaskItem } from '../items.js';
import { plainTextEncoder, type Encoder } from './plain-text.js';

/** The special token before a turn of each role; a tokenizer made for training from scratch should have them. */
export const ROLE_TOKENS = { system: '<sys>', user: '<user>', assistant: '<ask>' } as const;

/** Tokens of one example, and which of them are to be learnt. */
export interface TokenSequence {
  readonly ids: readonly number[];
  /** 1 for tokens whose prediction counts (assistant turns with their end token), else 0; as long as `ids`. */
  readonly learnt: readonly number[];
}

/**
 * Turns examples into tokens: `<bos> [<sys> system] <user> prompt <ask> answer <eos>`, every turn encoded by itself, so
 * that an answer has the same tokens whatever stands before it. A tokenizer without the role tokens ends system and user
 * turns by a line feed instead; one without `<bos>` leaves it out.
 */
export class DialogueEncoder {
  private readonly before: Readonly<Record<Message['role'], readonly number[]>>;
  private readonly afterQuestion: readonly number[];
  private readonly eosId: number;
  private readonly start: readonly number[];
  private readonly think: { readonly start: number; readonly end: number } | undefined;
  private readonly plain: (text: string) => number[];

  /** @throws ForgeError TOKENIZER_INVALID when the tokenizer has no end-of-sequence token */
  constructor(tokenizer: Encoder) {
    if (tokenizer.eosId === null) {
      throw new ForgeError('TOKENIZER_INVALID', 'the tokenizer has no end-of-sequence token, so no answer could end');
    }
    this.eosId = tokenizer.eosId;
    this.start = tokenizer.bosId === null ? [] : [tokenizer.bosId];
    this.plain = plainTextEncoder(tokenizer);
    const id = (role: Message['role']): number | undefined => tokenizer.tokenToId(ROLE_TOKENS[role]);
    const [system, user, assistant] = [id('system'), id('user'), id('assistant')];
    const [begin, end] = [tokenizer.tokenToId(THINK_TOKENS.start), tokenizer.tokenToId(THINK_TOKENS.end)];
    this.think = begin === undefined || end === undefined ? undefined : { start: begin, end };
    const marked = system !== undefined && user !== undefined && assistant !== undefined;
    this.before = marked
      ? { system: [system], user: [user], assistant: [assistant] }
      : { system: [], user: [], assistant: [] };
    this.afterQuestion = marked ? [] : this.plain('\n');
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
    for (const { role, content } of messagesOf(example)) {
      push(this.before[role], 0);
      if (role === 'assistant') {
        if ('thinking' in example && example.thinking) push(...this.encodeThinking(example.thinking));
        push(this.encodeAnswer(content), 1);
      } else push([...this.plain(content), ...this.afterQuestion], 0);
    }
    return { ids, learnt };
  }

  /** The tokens after which a model is to write the last answer of the example, and what it thinks before it. */
  encodePrompt(example: Example): number[] {
    const { thinking: _, ...spoken } = example as TaskItem;
    const { ids } = this.encode('messages' in example ? example : spoken);
    const answer = messagesOf(example).at(-1)!.content;
    return ids.slice(0, ids.length - this.encodeAnswer(answer).length);
  }

  /** @throws ForgeError TOKENIZER_INVALID when the tokenizer has no tokens for it */
  private encodeThinking({ text, learnt }: NonNullable<TaskItem['thinking']>): [number[], 0 | 1] {
    if (this.think === undefined)
      throw new ForgeError(
        'TOKENIZER_INVALID',
        `the tokenizer has no ${THINK_TOKENS.start} and ${THINK_TOKENS.end}, so nothing can be thought before an answer`,
      );
    return [[this.think.start, ...this.plain(text), this.think.end], learnt ? 1 : 0];
  }

  /** The tokens of an answer with its end token. */
  encodeAnswer(answer: string): number[] {
    return [...this.plain(answer), this.eosId];
  }
}
