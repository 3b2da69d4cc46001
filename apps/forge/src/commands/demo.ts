import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { runDemo } from '../demo/demo.js';
import { table, type DemoSummary } from '../demo/summary.js';
import { integerOption } from '../options.js';
import { withInterruption } from '../system/interruption.js';
import { ProgressBoard } from '../terminal/progress-board.js';

const BOOK = fileURLToPath(new URL('../../../../recipes/data/emma.txt', import.meta.url));

const HELP = `
It starts an embedded nats-server and the services as processes of their own, uploads the text, asks for a run, shows it, and stops all
it started. What it made stays in the data directory. Without --steps it trains for 90 seconds.

Examples:
  npm run demo
  npm run demo -- --text my-book.txt
  ./forge demo --steps 100 --json`;

interface Options {
  text: string;
  dataDir: string;
  port: number;
  seed: number;
  steps?: number;
  json?: true;
}

/** `forge demo` */
export function demoCommand(): Command {
  return new Command('demo')
    .description('the main job once: from a text to a merged model, through services that talk over NATS')
    .option('--text <file>', 'UTF-8 text to train on, 200 kB or more', BOOK)
    .option('--data-dir <dir>', 'where everything is kept', 'forge-data')
    .option('--port <n>', 'port of the gateway; 0 is any free one', integerOption(0), 0)
    .option('--seed <n>', 'seed of everything random', integerOption(0), 1)
    .option('--steps <n>', 'optimiser steps of all trainings together, instead of a time', integerOption(3))
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
  return ['', table(summary), '', `model     ${folder}`, `try it    ./forge generate ${folder} "It was"`, ''].join(
    '\n',
  );
}
