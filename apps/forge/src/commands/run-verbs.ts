import { Command } from 'commander';
import type { JsonValue } from '@bufbuild/protobuf';
import { ForgeError, type RunView } from '@agent-forge/contracts';
import { cancelRun, forkRun, pauseRun, resumeRun, retryRun, type Connection } from '@agent-forge/sdk';
import { describeRun } from '../runs/describe-run.js';
import { connectClient, withClientOptions, type ClientOptions } from '../system/client.js';

/** What the options of all these commands have in common; each has some of them. */
interface Options extends ClientOptions {
  readonly reason?: string;
  readonly from?: string;
  readonly set?: readonly string[];
  readonly json?: true;
}

type Act = (connection: Connection, run: string, options: Options) => Promise<RunView>;

/** `forge pause` */
export const pauseCommand = (): Command =>
  reasoned('pause', 'stop work on a run for now; what is being worked on is checkpointed and given back', pauseRun);

/** `forge cancel` */
export const cancelCommand = (): Command =>
  reasoned('cancel', 'end a run; what is being worked on is discarded', cancelRun);

/** `forge resume` */
export const resumeCommand = (): Command =>
  verb('resume', 'go on with a run that is paused', 'forge resume RUN', (connection, run) =>
    resumeRun(connection, run),
  );

/** `forge retry` */
export const retryCommand = (): Command =>
  redo('retry', 'do a phase of a run and all behind it anew, also after the run has ended', retryRun);

/** `forge fork` */
export const forkCommand = (): Command =>
  redo('fork', 'make a new run that does a phase and all behind it anew and takes over what was before it', forkRun);

function reasoned(
  name: string,
  description: string,
  send: (connection: Connection, run: string, reason?: string) => Promise<RunView>,
): Command {
  const act: Act = (connection, run, { reason }) => send(connection, run, reason);
  return verb(name, description, `forge ${name} RUN --reason "the disk is full"`, act).option(
    '--reason <text>',
    'why, for whoever reads the log',
  );
}

function redo(name: string, description: string, send: typeof retryRun): Command {
  const collect = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];
  const act: Act = (connection, run, { from, set = [] }) =>
    send(connection, run, { phase: from!, params: Object.fromEntries(set.map(setting)) });
  return verb(name, description, `forge ${name} RUN --from evomerge --set population=24`, act)
    .requiredOption('--from <phase>', 'the first phase that is done anew')
    .option('--set <key=value>', 'a parameter of that phase to replace; may be given several times', collect);
}

function verb(name: string, description: string, example: string, act: Act): Command {
  return withClientOptions(
    new Command(name)
      .description(description)
      .argument('<run>', 'the run, as forge runs lists it')
      .option('--json', 'print the run as JSON on stdout'),
  )
    .addHelpText('after', `\nExample:\n  ${example}`)
    .action(async (run: string, options: Options) => {
      const after = await act(await connectClient(options), run, options);
      process.stdout.write(options.json ? `${JSON.stringify(after)}\n` : describeRun(after));
    });
}

/** `key=value`; values are JSON where they are, and texts where they are not. */
function setting(text: string): [string, JsonValue] {
  const at = text.indexOf('=');
  if (at < 1) throw new ForgeError('INVALID_ARGUMENT', `--set "${text}" is not of the form key=value`);
  const value = text.slice(at + 1);
  try {
    return [text.slice(0, at), JSON.parse(value) as JsonValue];
  } catch {
    return [text.slice(0, at), value];
  }
}
