import { ForgeError } from '@agent-forge/contracts';
import { keyOfPrompt } from '../families/registry.js';
import type { Example, Message } from '../items.js';
import { MAX_JSON_DEPTH, MAX_MESSAGES } from './limits.js';

/** One line of a JSONL file: running text, or an example with an answer. */
export type DataRecord = { readonly text: string } | { readonly example: Example };

/** Family of the items that come from a file. */
export const FILE_FAMILY = 'file';

const ROLES: readonly string[] = ['system', 'user', 'assistant'];
/** In unicode mode a surrogate matches only where its other half is missing. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Reads one JSONL record of exactly one of the forms `{text}`, `{prompt, completion}` (with an optional `system`) and
 * `{messages: [{role, content}]}`; other fields are ignored.
 * @param where file and line, for messages
 * @throws ForgeError DATA_INVALID
 */
export function parseRecord(line: string, where: string): DataRecord {
  const record = parseObject(line, where);
  const forms = ['text', 'prompt', 'messages'].filter((name) => Object.hasOwn(record, name));
  if (forms.length !== 1) {
    const found = forms.length === 0 ? 'none of them' : forms.join(' and ');
    throw invalid(where, `a record has one of "text", "prompt" with "completion", and "messages"; this has ${found}`);
  }
  if (forms[0] === 'text') return { text: textField(record, 'text', where) };
  if (forms[0] === 'messages') return { example: conversation(record, where) };
  const prompt = textField(record, 'prompt', where);
  const answer = textField(record, 'completion', where);
  const system = Object.hasOwn(record, 'system') ? textField(record, 'system', where) : undefined;
  return { example: item(prompt, answer, system) };
}

function conversation(record: object, where: string): Example {
  const messages = (record as { messages: unknown }).messages;
  if (!Array.isArray(messages) || messages.length > MAX_MESSAGES) {
    throw invalid(where, `"messages" must be a list of at most ${MAX_MESSAGES} turns`);
  }
  const turns = messages.map((turn: unknown, i) => parseTurn(turn, `${where}: messages[${i}]`));
  const system = turns[0]?.role === 'system' ? turns[0].content : undefined;
  const dialogue = system === undefined ? turns : turns.slice(1);
  const alternates = dialogue.every((turn, i) => turn.role === (i % 2 === 0 ? 'user' : 'assistant'));
  if (dialogue.length === 0 || dialogue.length % 2 !== 0 || !alternates) {
    throw invalid(where, 'turns must be user, assistant, user, assistant, …, after at most one system turn');
  }
  const [first, second] = dialogue as [Message, Message];
  if (dialogue.length === 2) return item(first.content, second.content, system);
  return { key: keyOfPrompt(first.content), messages: turns };
}

function parseTurn(turn: unknown, where: string): Message {
  if (typeof turn !== 'object' || turn === null) throw invalid(where, 'a turn is an object with "role" and "content"');
  const role = textField(turn, 'role', where);
  if (!ROLES.includes(role)) throw invalid(where, `"role" must be one of ${ROLES.join(', ')}`);
  return { role: role as Message['role'], content: textField(turn, 'content', where) };
}

function item(prompt: string, answer: string, system: string | undefined): Example {
  const difficulty = prompt.length + answer.length;
  const fields = { family: FILE_FAMILY, key: keyOfPrompt(prompt), prompt, answer, difficulty };
  return system === undefined ? fields : { ...fields, system };
}

function textField(record: object, name: string, where: string): string {
  const value: unknown = Object.hasOwn(record, name) ? (record as Record<string, unknown>)[name] : undefined;
  if (typeof value !== 'string' || value === '') throw invalid(where, `"${name}" must be text that is not empty`);
  if (LONE_SURROGATE.test(value)) throw invalid(where, `"${name}" has half of a surrogate pair`);
  return value;
}

function parseObject(line: string, where: string): object {
  if (depthOf(line) > MAX_JSON_DEPTH) throw invalid(where, `nested deeper than ${MAX_JSON_DEPTH} levels`);
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw invalid(where, 'not valid JSON', error);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(where, 'not a JSON object');
  return value;
}

/** Deepest nesting of brackets outside strings. */
function depthOf(line: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let i = 0; i < line.length; i += 1) {
    const character = line.charAt(i);
    if (inString && character === '\\') i += 1;
    else if (character === '"') inString = !inString;
    else if (!inString && (character === '{' || character === '[')) deepest = Math.max(deepest, (depth += 1));
    else if (!inString && (character === '}' || character === ']')) depth -= 1;
  }
  return deepest;
}

function invalid(where: string, reason: string, cause?: unknown): ForgeError {
  return new ForgeError('DATA_INVALID', `${where}: ${reason}`, cause);
}
