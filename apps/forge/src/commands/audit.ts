import { Command, InvalidArgumentError } from 'commander';
import { ForgeError, printable, type AuditEvent, type AuditHead } from '@agent-forge/contracts';
import { listAudit, verifyAudit } from '@agent-forge/sdk';
import { integerOption } from '../options.js';
import { connectClient, withClientOptions, type ClientOptions } from '../system/client.js';
import { columns } from '../terminal/columns.js';

const LIST_HELP = `
Examples:
  forge audit list --after 1200
  forge audit list --json | jq 'select(.outcome == "denied")'`;

const VERIFY_HELP = `
Every record has the hash of the one before. All are read and checked here; the last line is the end of the chain. Keep it, and give it to the
next check: it also finds a log whose end was cut off.

Examples:
  forge audit verify
  forge audit verify --head 1200:5f2c...`;

interface ListOptions extends ClientOptions {
  readonly after: number;
  readonly limit: number;
  readonly json?: true;
}

interface VerifyOptions extends ClientOptions {
  readonly head?: AuditHead;
  readonly json?: true;
}

/** `forge audit` */
export function auditCommand(): Command {
  const list = new Command('list')
    .description('who did what to which resource from where, oldest first')
    .option('--after <sequence>', 'begin behind this record', integerOption(0), 0)
    .option('--limit <n>', 'events at most', integerOption(1), 1_000)
    .option('--json', 'print one JSON object a line on stdout')
    .addHelpText('after', LIST_HELP)
    .action(showEvents);
  const verify = new Command('verify')
    .description('check that no record was changed, removed or moved')
    .option('--head <sequence:hash>', 'the end of the chain as an earlier check printed it', headOption)
    .option('--json', 'print one JSON object on stdout')
    .addHelpText('after', VERIFY_HELP)
    .action(check);
  return new Command('audit')
    .description('the audit log of a running system')
    .addCommand(withClientOptions(list))
    .addCommand(withClientOptions(verify));
}

async function showEvents({ after, limit, json, ...client }: ListOptions): Promise<void> {
  const connection = await connectClient(client);
  const found: { sequence: number; event: AuditEvent }[] = [];
  for await (const { sequence, entries } of listAudit(connection, after)) {
    for (const { event } of entries) if (event !== undefined) found.push({ sequence, event });
    if (found.length >= limit) break;
  }
  const events = found.slice(0, limit);
  const lines = events.map(({ sequence, event }) => `${JSON.stringify({ sequence, ...event })}\n`);
  process.stdout.write(json ? lines.join('') : table(events));
}

function table(events: readonly { sequence: number; event: AuditEvent }[]): string {
  const rows = events.map(({ sequence, event }) => {
    const { time, actor = '-', action, resource, outcome, status, from, count } = event;
    const what = count === undefined ? action : `${count} requests`;
    return [String(sequence), time, actor, `${outcome} (${status})`, what, from, resource].map(printable);
  });
  return columns([['record', 'time', 'who', 'outcome', 'what', 'from', 'resource'], ...rows]);
}

async function check({ head: known, json, ...client }: VerifyOptions): Promise<void> {
  const verdict = await verifyAudit(await connectClient(client), known);
  const { records, events, readable, head, fault } = verdict;
  const told = `${records} records with ${events} events are in order; ${readable} of them you may read\nhead ${head.sequence}:${head.hash}`;
  process.stdout.write(`${json ? JSON.stringify(verdict) : told}\n`);
  if (fault) throw new ForgeError('DIGEST_MISMATCH', `the audit log is not what was written: ${fault.problem}`);
}

function headOption(text: string): AuditHead {
  const [, sequence, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (sequence === undefined || hash === undefined)
    throw new InvalidArgumentError(
      'It is a number, a colon and 64 hexadecimal digits, as "forge audit verify" prints it.',
    );
  return { sequence: Number(sequence), hash };
}
