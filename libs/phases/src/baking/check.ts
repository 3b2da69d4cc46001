import { createFamily } from '@agent-forge/data';
import type { ParamMistake } from '../param-mistakes.js';
import type { BakingParams } from './params.js';

/** What the schema of the parameters cannot say: queries are plain families, and no two prompts want the same ones. */
export function check({ bakes, rows, keep }: BakingParams): ParamMistake[] {
  const mistakes: ParamMistake[] = [];
  const [names, families] = [new Set<string>(), new Map<string, string>()];
  for (const [i, { name, queries }] of bakes.entries()) {
    if (names.has(name)) mistakes.push({ path: ['bakes', `${i}`], problem: `has the name ${name} of another` });
    names.add(name);
    for (const family of queries) {
      const problem = problemOf(family, families.get(family));
      if (problem !== undefined) mistakes.push({ path: ['bakes', `${i}`, 'queries'], problem });
      families.set(family, name);
    }
  }
  const bakedRows = rows - Math.floor(keep * rows);
  if (bakedRows < bakes.length)
    mistakes.push({ path: ['rows'], problem: `is ${rows}, which leaves ${bakedRows} for ${bakes.length} prompts` });
  return mistakes;
}

function problemOf(family: string, other: string | undefined): string | undefined {
  if (other !== undefined) return `names the family ${family}, which ${other} has already`;
  if (family.includes('@') || family === 'tool')
    return `names ${family.slice(0, 80)}, which has a system prompt of its own`;
  try {
    createFamily(family);
    return undefined;
  } catch {
    return `names ${family.slice(0, 80)}, which is no task family`;
  }
}
