import type { ArtifactSummary, Manifest } from '@agent-forge/contracts';
import { getArtifact, listArtifacts, type Connection } from '@agent-forge/sdk';
import { Command } from 'commander';
import { connectClient, withClientOptions, type ClientOptions } from '../system/client.js';
import { columns, size } from '../terminal/columns.js';

/** The most that the API gives at a time. */
const PAGE = 200;

const HELP = `
Examples:
  forge artifacts
  forge artifacts 4f0c2f…
  forge artifacts --json | jq '.artifacts[] | select(.kind == "model")'`;

/** `forge artifacts` */
export function artifactsCommand(): Command {
  const command = new Command('artifacts')
    .description('list the artifacts of a running system, or show one: its files and where it comes from')
    .argument('[id]', 'the artifact to show')
    .option('--json', 'print one JSON object on stdout')
    .addHelpText('after', HELP)
    .action(artifacts);
  return withClientOptions(command);
}

async function artifacts(id: string | undefined, { json, ...client }: ClientOptions & { json?: true }): Promise<void> {
  const connection = await connectClient(client);
  const found = id === undefined ? { artifacts: await all(connection) } : await getArtifact(connection, id);
  if (json) process.stdout.write(`${JSON.stringify(found)}\n`);
  else process.stdout.write('artifacts' in found ? listed(found.artifacts) : shown(found));
}

async function all(connection: Connection): Promise<ArtifactSummary[]> {
  const found: ArtifactSummary[] = [];
  for (let after: string | undefined; ;) {
    const page = await listArtifacts(connection, { limit: PAGE, ...(after ? { after } : {}) });
    found.push(...page.artifacts);
    if (page.next === undefined) return found;
    after = page.next;
  }
}

function listed(found: readonly ArtifactSummary[]): string {
  if (found.length === 0) return 'no artifacts yet\n';
  const rows = found.map(({ id, kind, phase, files, sizeBytes }) => [id, kind, phase, `${files}`, size(sizeBytes)]);
  return columns([['id', 'kind', 'made by', 'files', 'size'], ...rows]);
}

function shown({ kind, files, lineage }: Manifest): string {
  const { phase, parents, data, seed, codeVersion, degraded, params, metrics } = lineage;
  const rows = [
    ['kind', kind],
    ['made by', `${phase} (code ${codeVersion}${seed === null ? '' : `, seed ${seed}`})`],
    ...(degraded ? [['degraded', degraded]] : []),
    ...parents.map((id) => ['parent', id]),
    ...data.map((id) => ['data', id]),
    ...Object.entries(params).map(([name, value]) => [`param ${name}`, JSON.stringify(value)]),
    ...Object.entries(metrics).map(([name, value]) => [`metric ${name}`, String(value)]),
  ];
  return `${columns(rows)}\n${columns(files.map(({ name, sizeBytes, digest }) => [name, size(sizeBytes), digest]))}`;
}
