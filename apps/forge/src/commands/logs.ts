import { encodeEvent, ForgeError } from '@agent-forge/contracts';
import { getRun, watchRun, type Connection } from '@agent-forge/sdk';
import { Command } from 'commander';
import { connectClient, withClientOptions, type ClientOptions } from '../system/client.js';
import { withInterruption } from '../system/interruption.js';

interface Options extends ClientOptions {
  readonly phase?: string;
  readonly follow: boolean;
  readonly progress?: true;
  readonly json?: true;
}

/** An event as docs/reference/events.md has it. */
interface CloudEvent {
  readonly type: string;
  readonly subject: string;
  readonly time: string;
  readonly data: Record<string, unknown>;
}

/** Of the longest names. */
const PHASE_WIDTH = 11;
const NAME_WIDTH = 16;
/** Silence after which what is there has been read. */
const QUIET_MS = 1_000;

const HELP = `
Every event of the run, one line each: time, phase, what happened, and what it says. Progress, of which there is much, only with --progress.

Examples:
  forge logs 01m83vgeqcs4pmhnmv2mr4r1wq
  forge logs 01m83vgeqcs4pmhnmv2mr4r1wq --phase training --no-follow
  forge logs 01m83vgeqcs4pmhnmv2mr4r1wq --json | jq 'select(.type == "agentforge.phase.noted.v1")'`;

/** `forge logs` */
export function logsCommand(): Command {
  return withClientOptions(
    new Command('logs')
      .description('the events of a run, one line each, until it has ended')
      .argument('<run>', 'the run, as forge runs lists it')
      .option('--phase <name>', 'only those of one phase')
      .option('--no-follow', 'end with what has happened so far')
      .option('--progress', 'with every progress event')
      .option('--json', 'print each event as one line of JSON on stdout'),
  )
    .addHelpText('after', HELP)
    .action(logs);
}

async function logs(id: string, { json, phase, follow, progress, ...client }: Options): Promise<void> {
  const connection = await connectClient(client);
  if (phase !== undefined) await assertPhase(connection, id, phase);
  await withInterruption(async (interrupted) => {
    const quiet = new AbortController();
    const signal = AbortSignal.any([interrupted, quiet.signal]);
    const timer = follow ? undefined : setTimeout(() => quiet.abort(), QUIET_MS);
    try {
      for await (const { event } of watchRun(connection, id, { signal })) {
        timer?.refresh();
        if (phase !== undefined && event.phase !== phase) continue;
        if (event.name === 'phase.progress' && !progress) continue;
        const line = Buffer.from(encodeEvent(event)).toString('utf8');
        process.stdout.write(`${json ? line : told(JSON.parse(line) as CloudEvent)}\n`);
      }
    } catch (thrown) {
      if (!quiet.signal.aborted || interrupted.aborted) throw thrown;
    } finally {
      clearTimeout(timer);
    }
  });
}

/** A name that no event has would show nothing, and wait for it to the end. @throws ForgeError INVALID_ARGUMENT */
async function assertPhase(connection: Connection, id: string, name: string): Promise<void> {
  const names = (await getRun(connection, id)).phases.map(({ phase }) => phase);
  if (!names.includes(name))
    throw new ForgeError('INVALID_ARGUMENT', `run ${id} has no phase "${name}"; it has ${names.join(', ')}`);
}

function told(event: CloudEvent): string {
  const { type, subject, time, data } = event;
  const name = type.split('.').slice(1, 3).join('.');
  const where = subject.split('/').at(-1)!;
  return `${time}  ${where.padEnd(PHASE_WIDTH)}  ${name.padEnd(NAME_WIDTH)}  ${said(data)}`.trimEnd();
}

/** What people look for: a message or an error first, then the plain values. */
function said({ message, error, ...data }: Record<string, unknown>): string {
  const plain = Object.entries(data).filter(([, value]) => typeof value !== 'object' && value !== '');
  const { code, message: why } = (error ?? {}) as { code?: string; message?: string };
  return [
    ...(typeof message === 'string' ? [message] : []),
    ...(code === undefined ? [] : [`${why} (${code})`]),
    ...plain.map(([key, value]) => `${key}=${String(value)}`),
  ].join(' ');
}
