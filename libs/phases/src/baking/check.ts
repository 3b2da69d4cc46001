import { createFamily } from '@agent-forge/data';
import type { ParamMistake } from '../param-mistakes.js';
import type { BakingParams } from './params.js';

/** What the schema of the parameters cannot say: every prompt has questions, those of families are plain, and no two prompts want the same ones. */
export function check({ bakes, rows, keep }: BakingParams): ParamMistake[] {
  const mistakes: ParamMistake[] = [];
  const [names, families] = [new Set<string>(), new Set<string>()];
  for (const [i, bake] of bakes.entries()) {
    const fail = (problem: string, ...path: string[]) => mistakes.push({ path: ['bakes', `${i}`, ...path], problem });
    if (names.has(bake.name)) fail(`has the name ${bake.name} of another`);
    names.add(bake.name);
    if (bake.queries === undefined && bake.questions === undefined)
      fail('has neither queries (task families) nor questions; name what the prompt is to be baked for');
    for (const family of bake.queries ?? []) {
      const problem = families.has(family)
        ? `names the family ${family}, which another has already`
        : problemOf(family);
      if (problem !== undefined) fail(problem, 'queries');
      families.add(family);
    }
  }
  const bakedRows = rows - Math.floor(keep * rows);
  if (bakedRows < bakes.length)
    mistakes.push({ path: ['rows'], problem: `is ${rows}, which leaves ${bakedRows} for ${bakes.length} prompts` });
  return mistakes;
}

function problemOf(family: string): string | undefined {
  if (family.includes('@') || family === 'tool')
    return `names ${family.slice(0, 80)}, which has a system prompt of its own`;
  try {
    createFamily(family);
    return undefined;
  } catch {
    return `names ${family.slice(0, 80)}, which is no task family`;
  }
}
