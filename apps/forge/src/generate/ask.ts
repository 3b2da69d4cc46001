import { ForgeError } from '@agent-forge/contracts';
import { DialogueEncoder, type Message } from '@agent-forge/data';
import { answerFormOf, type Model } from '@agent-forge/model';

/** A prompt, and what was said before it. */
export interface Asked {
  readonly prompt: string;
  readonly system: string | null;
  /** Earlier prompts with their answers. */
  readonly earlier?: readonly { readonly prompt: string; readonly answer: string }[];
}

/**
 * The tokens after which a model that was trained on dialogues answers.
 * @throws ForgeError TOKENIZER_INVALID for a model without a tokenizer
 */
export function ask({ tokenizer, config }: Pick<Model, 'tokenizer' | 'config'>, asked: Asked): number[] {
  const { prompt, system, earlier = [] } = asked;
  if (!tokenizer) throw new ForgeError('TOKENIZER_INVALID', 'the model has no tokenizer, so it cannot read text');
  const messages: Message[] = [
    ...(system === null ? [] : [{ role: 'system', content: system } as const]),
    ...earlier.flatMap((turn): Message[] => [
      { role: 'user', content: turn.prompt },
      { role: 'assistant', content: turn.answer },
    ]),
    { role: 'user', content: prompt },
    { role: 'assistant', content: '' },
  ];
  return new DialogueEncoder(tokenizer, answerFormOf(config)).encodePrompt({ key: prompt, messages });
}
