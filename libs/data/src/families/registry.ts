import { ForgeError } from '@agent-forge/contracts';
import { normalizeKey } from '../split.js';
import { add } from './add.js';
import { copy } from './copy.js';
import type { FamilyKind, SettingValues, TaskFamily } from './family.js';
import { max } from './max.js';
import { memory } from './memory.js';
import { mod } from './mod.js';
import { next } from './next.js';
import { parity } from './parity.js';
import { underPersona } from './persona.js';
import { recall } from './recall.js';
import { rev } from './rev.js';
import { rot } from './rot.js';
import { sort } from './sort.js';
import { besideTool, tool } from './tool.js';
import { up } from './up.js';
import { word } from './word.js';

/** Every family by name. */
export const FAMILIES: ReadonlyMap<string, FamilyKind> = new Map(
  [add, word, max, sort, copy, memory, rev, rot, next, up, recall, mod, parity, tool].map((kind) => [kind.name, kind]),
);

/** What a name may carry after `@`: the same items under a system prompt. */
export const SYSTEM_PROMPTS: ReadonlyMap<string, (inner: TaskFamily) => TaskFamily> = new Map([
  ['end', underPersona],
  ['tool', besideTool],
]);

const DEFAULT_FAMILIES = [...FAMILIES.values()].map((kind) => kind.create());

/**
 * A family by name, for example `add`, `copy@end` (under a persona) or `sort@tool` (beside a tool it does not need).
 * @throws ForgeError INVALID_ARGUMENT for an unknown name or setting
 */
export function createFamily(name: string, settings?: SettingValues): TaskFamily {
  const [base = '', prompt, ...rest] = name.split('@');
  const kind = FAMILIES.get(base);
  const wrap = prompt === undefined ? (inner: TaskFamily) => inner : SYSTEM_PROMPTS.get(prompt);
  if (kind === undefined || wrap === undefined || rest.length > 0) {
    const known = [...FAMILIES.keys()].join(', ');
    throw new ForgeError(
      'INVALID_ARGUMENT',
      `no task family "${name}" (families: ${known}; each also @end or @tool; those with steps also @think or @pause)`,
    );
  }
  if (prompt !== undefined && base === tool.name) {
    throw new ForgeError('INVALID_ARGUMENT', `family tool has a system prompt of its own: "${name}" cannot have two`);
  }
  if (name === 'word@tool') {
    throw new ForgeError('INVALID_ARGUMENT', 'a sum in words needs the tool: use the family "tool", not "word@tool"');
  }
  return wrap(kind.create(settings));
}

/**
 * The identity of a prompt for the split, wherever it comes from: the family's key if a family knows the prompt, so that
 * a user's file cannot bring back what a family holds out; otherwise the normalised prompt.
 */
export function keyOfPrompt(prompt: string): string {
  const normalized = normalizeKey(prompt);
  for (const family of DEFAULT_FAMILIES) {
    const item = family.recognize(normalized);
    if (item !== undefined) return item.key;
  }
  return normalized;
}
