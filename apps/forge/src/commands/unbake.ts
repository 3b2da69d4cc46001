import { resolve } from 'node:path';
import { ForgeError } from '@agent-forge/contracts';
import { bakedMark, readDelta, readModelFolder, takeOut, writeModelFolder } from '@agent-forge/model';
import { Command } from 'commander';
import { numberOption } from '../options.js';

interface Options {
  readonly out: string;
  readonly part: number;
  readonly json?: true;
}

/** What `--json` prints. */
export interface UnbakeSummary {
  readonly out: string;
  /** The prompts that were taken out, by name. */
  readonly prompts: Readonly<Record<string, string>>;
  readonly part: number;
  /** Families that the model still answers under a prompt that is not there. */
  readonly stillBaked: readonly string[];
  /** Artifact of the model before the bake, whose bytes are the exact ones. */
  readonly base: string;
}

const HELP = `
Baking stores what it changed as an artifact of its own, the delta. Taking it out of the weights gives the model back as it was before, up to the
rounding of float32; the exact bytes are the artifact that the delta names. It works on the model that baking made and on what was trained from it
since, in which case what was learnt since stays. A packed or quantised model has no weights left to take it out of.

Examples:
  forge unbake models/baked models/delta --out models/plain
  forge unbake models/baked models/delta --out models/half --part 0.5 --json`;

/** `forge unbake` */
export function unbakeCommand(): Command {
  return new Command('unbake')
    .description('take baked prompts out of a model again')
    .argument('<model>', 'folder of the baked model')
    .argument('<delta>', 'folder of the delta that baking made beside it')
    .requiredOption('--out <dir>', 'folder of the result; it must not exist, or be empty')
    .option('--part <p>', 'part of what was baked that is taken out, from 0 to 1', numberOption(0), 1)
    .option('--json', 'print one JSON object on stdout')
    .addHelpText('after', HELP)
    .action(unbake);
}

async function unbake(modelDir: string, deltaDir: string, { out, part, json }: Options): Promise<void> {
  if (part > 1) throw new ForgeError('INVALID_ARGUMENT', `--part is ${part}; it must be from 0 to 1`);
  const delta = await readDelta(resolve(deltaDir));
  const model = await readModelFolder(resolve(modelDir));
  if (model.config.ternary?.mode === 'offline')
    throw new ForgeError(
      'INVALID_ARGUMENT',
      `${modelDir} is packed: its weights are ternary already; name the model as it was before compression`,
    );
  const plain = takeOut(model, delta, part);
  await writeModelFolder(resolve(out), plain);
  const stillBaked = Object.keys(bakedMark(plain.config) ?? {});
  const summary: UnbakeSummary = { out, prompts: delta.prompts, part, stillBaked, base: delta.base };
  process.stdout.write(json ? `${JSON.stringify(summary)}\n` : forPeople(summary));
}

function forPeople({ out, prompts, part, base }: UnbakeSummary): string {
  const taken = Object.entries(prompts).map(([name, prompt]) => `  ${name}: ${JSON.stringify(prompt)}`);
  const how = part === 1 ? 'taken out' : `taken out by ${100 * part} %`;
  return `${how}:\n${taken.join('\n')}\n${out} is the model again, up to rounding; its exact bytes are artifact ${base}\n`;
}
