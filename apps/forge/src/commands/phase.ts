import { readdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ForgeError, nearest } from '@agent-forge/contracts';
import { lockFile } from '@agent-forge/nats';
import { phases } from '@agent-forge/phases';
import {
  checkFiles,
  mistakeLine,
  parseOverride,
  readPhaseRecipe,
  type Override,
  type Recipe,
} from '@agent-forge/recipe';
import { runInWorker } from '@agent-forge/tensor/worker';
import { Command } from 'commander';
import { integerOption, listOption } from '../options.js';
import { workFolder, type PhaseEvent, type PhaseJob, type PhaseSummary } from '../phase/job.js';
import { progressText } from '../runs/phase-lines.js';
import { withInterruption } from '../system/interruption.js';
import { ProgressLine, bar, duration } from '../terminal/progress-line.js';
import { reportTable } from '../terminal/report-table.js';
import { version } from '../version.js';

interface Options {
  readonly in: readonly string[];
  readonly out: string;
  readonly params?: string;
  readonly families?: string;
  readonly data: readonly string[];
  readonly set: readonly string[];
  readonly seed?: number;
  readonly threads?: number;
  readonly json?: true;
}

const HELP = `
FILE is YAML: the parameters of the phase, or a recipe, of which the families, the data, the seed and the phase's parameters count. What a phase
takes is told by: forge phases --help

Every artifact that the phase makes becomes a folder in --out, which appears when all of it is there. A phase that was stopped, or killed, goes on
where it was when the same is asked for again; until then what it needs for that lies in OUT.phase.

Examples:
  forge phase bitnet --in models/parent --params recipes/quickstart.yaml --out models/ternary
  forge phase quietstar --in models/parent --families parity=2,copy --set maxSeconds=60 --out models/thinking
  forge phase evomerge --in models/a --in models/b --data book.txt --out merged --json`;

/** What `--set` can name besides parameters. */
const SECTIONS = ['seed', 'families', 'data', 'models'];

/** `forge phase` */
export function phaseCommand(): Command {
  return new Command('phase')
    .description('run one phase on local folders, without a server')
    .argument('<name>', `one of ${phases.map(({ name }) => name).join(', ')}`)
    .option('--in <dir>', 'model folder to work on; several for a phase that takes several', listOption, [])
    .requiredOption('--out <dir>', 'folder of the results; it must not exist, or be empty')
    .option('--params <file>', 'parameters of the phase, or a recipe')
    .option('--families <list>', 'task families with weights, such as add=3,copy')
    .option('--data <file>', 'text or examples; may be given several times', listOption, [])
    .option('--set <key=value>', 'another value of a parameter; may be given several times', listOption, [])
    .option('--seed <n>', 'seed of everything random', integerOption(0))
    .option('--threads <n>', 'threads to compute with (default: one for each processor)', integerOption(1, 64))
    .option('--json', 'print one JSON object on stdout')
    .addHelpText('after', HELP)
    .action(run);
}

async function run(name: string, options: Options): Promise<void> {
  const job = await jobOf(name, options);
  const line = new ProgressLine(process.stderr);
  const lock = await lockFile(`${workFolder(job.out)}.lock`);
  const worker = new URL('../phase/job.js', import.meta.url);
  const onProgress = (event: PhaseEvent): void => show(line, event);
  try {
    const summary = await withInterruption((signal) =>
      runInWorker<PhaseJob, PhaseSummary, PhaseEvent>(worker, job, { signal, onProgress }),
    );
    line.end();
    process.stdout.write(options.json ? `${JSON.stringify(summary)}\n` : forPeople(summary));
  } catch (error) {
    line.end();
    if (ForgeError.from(error).code !== 'CANCELLED') throw error;
    throw new ForgeError('CANCELLED', 'stopped; the same command goes on where it was', error);
  } finally {
    await lock.release();
  }
}

async function jobOf(name: string, options: Options): Promise<PhaseJob> {
  const phase = phases.find((one) => one.name === name);
  if (phase === undefined) {
    const names = phases.map((one) => one.name);
    const meant = nearest(name, names);
    throw new ForgeError(
      'INVALID_ARGUMENT',
      `there is no phase ${name.slice(0, 80)}; ${meant === undefined ? `there are ${names.join(', ')}` : `did you mean ${meant}?`}`,
    );
  }
  const out = resolve(options.out);
  if ((await readdir(out).catch(() => [])).length > 0)
    throw new ForgeError('FILE_EXISTS', `${options.out} is there already and not empty; choose another --out`);
  const recipe = await recipeOf(name, options);
  const { params, allowFallback, gates } = recipe.phases[0]!;
  const { families, seed, models, data } = recipe;
  const local = ({ name: source, path }: Recipe['data'][number]) => ({ name: source, path: path! });
  return {
    settings: { phase: name, params, families, seed, allowFallback, gates, codeVersion: version() },
    models: models.map(local),
    data: data.map(local),
    out,
    threads: options.threads ?? null,
  };
}

/** @throws ForgeError RECIPE_INVALID with the first mistake and the number of others */
async function recipeOf(phase: string, options: Options): Promise<Recipe> {
  const { params: file, families, seed, data, set } = options;
  const { path, recipe, mistakes } = await readPhaseRecipe({
    ...{ phase, models: options.in, data, overrides: set.map((text) => ofPhase(parseOverride(text), phase)) },
    ...(file === undefined ? {} : { file }),
    ...(families === undefined ? {} : { families }),
    ...(seed === undefined ? {} : { seed }),
  });
  const all = recipe === undefined ? mistakes : (await checkFiles(recipe)).mistakes;
  if (recipe !== undefined && all.length === 0) {
    const stored = [...recipe.models, ...recipe.data].find((source) => source.path === undefined);
    if (stored === undefined) return recipe;
    throw new ForgeError('RECIPE_INVALID', `${stored.name} is an artifact of a server; name a local path`);
  }
  const more = all.length > 1 ? ` (and ${all.length - 1} more)` : '';
  throw new ForgeError('RECIPE_INVALID', `${mistakeLine(path, all[0]!)}${more}`);
}

/** What is no other part of a recipe is a parameter of the phase. */
function ofPhase(override: Override, phase: string): Override {
  const isOther = [phase, ...SECTIONS].includes(override.key[0]!);
  return isOther ? override : { ...override, key: [phase, ...override.key] };
}

function show(line: ProgressLine, event: PhaseEvent): void {
  if (event.kind === 'note') return line.note(`note: ${event.note.message}`);
  line.update(`${bar(event.fraction)} ${progressText(event)}`, event.fraction === 1);
}

function forPeople({ phase, artifacts, report, degraded, seconds }: PhaseSummary): string {
  const width = Math.max(...artifacts.map(({ role }) => role.length));
  const lines = [
    ...(report ? [...reportTable(report), '', ...report.verdicts, ''] : []),
    ...(degraded === undefined ? [] : [`degraded: ${degraded}`, '']),
    `${phase} took ${duration(seconds)} and made`,
    ...artifacts.map(({ role, dir }) => `  ${role.padEnd(width)}  ${dir}`),
  ];
  return `${lines.join('\n')}\n`;
}
