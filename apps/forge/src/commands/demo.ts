import { relative } from 'node:path';
import { Command } from 'commander';
import { runDemo, type DemoOptions } from '../demo/demo.js';
import { table, type DemoSummary } from '../demo/summary.js';
import { integerOption, portOption } from '../options.js';
import { withInterruption } from '../system/interruption.js';
import { ProgressBoard } from '../terminal/progress-board.js';

/** What the models of either demo can be asked. */
const TASK_PROMPT = '"sort hgfab" --chat --temperature 0';
const TEXT_PROMPT = '"It was"';

const HELP = `
It starts an embedded nats-server and the services as processes of their own, asks for a run, shows it, and stops all it started. What it
made stays in the data directory. Without --steps the phases train for the times of the recipe.

Examples:
  npm run demo
  npm run demo -- --text recipes/data/emma.txt
  npm run demo -- --set cognate.maxSeconds=60
  ./forge demo --steps 100 --json`;

interface Options extends DemoOptions {
  json?: true;
}

/** `forge demo` */
export function demoCommand(): Command {
  const collect = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];
  return new Command('demo')
    .description('the main job once: models are trained, scored, merged and measured by services that talk over NATS')
    .option('--recipe <file>', 'run this recipe instead of recipes/quickstart.yaml')
    .option('--set <key=value>', 'replace a value of the recipe; may be given several times', collect)
    .option('--text <file>', 'learn this UTF-8 text, 200 kB or more, instead of small tasks')
    .option('--data-dir <dir>', 'where everything is kept', 'forge-data')
    .option('--port <n>', 'port of the gateway; 0 is any free one', portOption, 0)
    .option('--seed <n>', 'seed of everything random', integerOption(0))
    .option(
      '--steps <n>',
      'optimiser steps of each phase that trains for a time, instead of that time',
      integerOption(3),
    )
    .option('--json', 'print one line of JSON on stdout, and everything else on stderr')
    .addHelpText('after', HELP)
    .action(demo);
}

async function demo({ json, ...options }: Options): Promise<void> {
  const board = new ProgressBoard(json ? process.stderr : process.stdout);
  const summary = await withInterruption((signal) => runDemo(options, board, signal));
  process.stdout.write(json ? `${JSON.stringify(summary)}\n` : forPeople(summary));
}

function forPeople(summary: DemoSummary): string {
  const folder = relative('', summary.model);
  const learntTasks = summary.phases.some(({ report: { rows } }) =>
    rows.some(({ families }) => families !== undefined),
  );
  const prompt = learntTasks ? TASK_PROMPT : TEXT_PROMPT;
  const lines = [
    `model     ${folder}`,
    `try it    ./forge generate ${folder} ${prompt}`,
    ...(learntTasks ? [`talk      ./forge chat ${folder}`] : []),
  ];
  return ['', table(summary), '', ...lines, ''].join('\n');
}
