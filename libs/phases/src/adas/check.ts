import type { ParamMistake } from '../param-mistakes.js';
import { APPLY, type AdasParams } from './params.js';

/** What the schema of the parameters cannot say: domains are families of the mix, rewards need questions, and only experts that there are can be applied. */
export function check(
  { domains, method, apply, generations }: AdasParams,
  families: Readonly<Record<string, number>>,
): ParamMistake[] {
  const mistakes: ParamMistake[] = [];
  const names = Object.keys(families);
  const stranger = names.length > 0 ? domains?.find((name) => !names.includes(name)) : undefined;
  if (stranger !== undefined)
    mistakes.push({
      path: ['domains'],
      problem: `names ${stranger.slice(0, 80)}, which is no family of the mix (${names.join(', ')})`,
    });
  if (method === 'reinforce' && names.length === 0)
    mistakes.push({ path: ['method'], problem: 'is reinforce, which needs task families: text has no right answers' });
  if (apply === APPLY.mixture && generations === 0)
    mistakes.push({ path: ['apply'], problem: 'is mixture, but with 0 generations none is searched for' });
  const wanted = typeof apply === 'string' ? [apply].filter((name) => !isWord(name)) : Object.keys(apply);
  const possible = domains ?? (names.length > 0 ? names : undefined);
  const missing = possible && wanted.find((name) => !possible.includes(name));
  if (missing !== undefined)
    mistakes.push({ path: ['apply'], problem: `names ${missing.slice(0, 80)}, which is none of the domains` });
  return mistakes;
}

function isWord(name: string): boolean {
  return name === APPLY.nothing || name === APPLY.mixture;
}
