import { mistakeLine, type RecipeReport, type RunEstimate } from '@agent-forge/recipe';
import { columns } from '../terminal/columns.js';
import { duration } from '../terminal/progress-line.js';

/** What `forge recipe check` says of a recipe, for people. */
export function recipeText({ path, mistakes, estimate, problems }: RecipeReport): string {
  const lines = [
    ...mistakes.map((mistake) => mistakeLine(path, mistake)),
    ...problems.map((problem) => `${path}: ${problem}`),
  ];
  const list = lines.map((line) => `${line}\n`).join('');
  return estimate === undefined ? list : `${list}${list && '\n'}${estimateTable(estimate)}`;
}

function estimateTable({ phases, seconds, memoryMiB, diskMiB }: RunEstimate): string {
  const row = (name: string, steps: number | undefined, costs: [number, number, number]) => {
    const [time, memory, disk] = costs;
    return [name, steps === undefined ? '-' : String(steps), duration(time), mib(memory), mib(disk)];
  };
  const rows = phases.map((phase) => row(phase.phase, phase.steps, [phase.seconds, phase.memoryMiB, phase.diskMiB]));
  return columns([
    ['estimate', 'steps', 'time', 'memory', 'disk'],
    ...rows,
    row('the run', undefined, [seconds, memoryMiB, diskMiB]),
  ]);
}

function mib(value: number): string {
  return `${Math.ceil(value)} MiB`;
}
