import { ForgeError, type PhaseDescription } from '@agent-forge/contracts';
import { describePhase, phases } from '@agent-forge/phases';
import { Command } from 'commander';
import { columns } from '../terminal/columns.js';

const HELP = `
Examples:
  forge phases
  forge phases bitnet
  forge phases quietstar --json | jq .params.properties`;

/** `forge phases` */
export function phasesCommand(): Command {
  return new Command('phases')
    .description('what a recipe may ask for: the phases, or one with its parameters')
    .argument('[name]', 'the phase to show')
    .option('--json', 'print JSON on stdout, with the JSON Schema of the parameters')
    .addHelpText('after', HELP)
    .action(show);
}

async function show(name: string | undefined, { json }: { json?: true }): Promise<void> {
  const all = phases.map(describePhase);
  const one = all.find((phase) => phase.name === name);
  if (name !== undefined && one === undefined) {
    const known = all.map((phase) => phase.name).join(', ');
    throw new ForgeError('NOT_FOUND', `there is no phase "${name.slice(0, 80)}"; there are ${known}`);
  }
  if (json) process.stdout.write(`${JSON.stringify(one ?? { phases: all })}\n`);
  else process.stdout.write(one ? described(one) : columns(all.map((phase) => [phase.name, phase.summary])));
}

function described(phase: PhaseDescription): string {
  const { name, summary, consumes, produces, params, metrics, resources, fallback } = phase;
  const { kind, atLeast, data } = consumes;
  const reads = [...(kind ? [`${atLeast} or more of kind ${kind}`] : []), ...(data ? ['data of the recipe'] : [])];
  const facts = [
    ['reads', reads.join(', ') || 'nothing'],
    ...produces.map(({ role, kind: made, meaning }) => ['makes', `${role} (${made}): ${meaning}`]),
    ['needs', `${resources.cpus} CPUs, ${resources.memoryMiB} MiB`],
    ...(fallback ? [['fallback', fallback]] : []),
  ];
  const table = columns([['parameter', 'default', 'allowed', 'meaning'], ...rowsOf('', params)]);
  return `${name}: ${summary}\n\n${columns(facts)}\n${table}\na recipe may set bounds (gates) for: ${metrics.join(', ')}\n`;
}

/** The part of a parameter's JSON Schema that a table shows. */
interface Field {
  type?: string;
  const?: unknown;
  anyOf?: Field[];
  items?: Field;
  properties?: Record<string, Field>;
  default?: unknown;
  description?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
}

/** A row for each parameter, those inside others behind them: `agents.items`, `bakes[].prompt`. */
function rowsOf(before: string, { properties = {} }: Field): string[][] {
  return Object.entries(properties).flatMap(([name, field]) => {
    const path = `${before}${name}`;
    const own = [path, standard(field), allowed(field), field.description ?? ''];
    return [own, ...rowsOf(`${path}.`, field), ...rowsOf(`${path}[].`, field.items ?? {})];
  });
}

function standard({ default: value }: Field): string {
  return value === undefined ? '-' : JSON.stringify(value);
}

function allowed(field: Field): string {
  if (field.anyOf) return field.anyOf.map(allowed).join(' | ');
  if (field.const !== undefined) return JSON.stringify(field.const);
  if (field.type === 'array' && field.items) return `list of ${allowed(field.items)}`;
  const bounds = [
    ...(field.exclusiveMinimum === undefined ? [] : [`> ${field.exclusiveMinimum}`]),
    ...(field.minimum === undefined ? [] : [`>= ${field.minimum}`]),
    ...(field.exclusiveMaximum === undefined ? [] : [`< ${field.exclusiveMaximum}`]),
    ...(field.maximum === undefined ? [] : [`<= ${field.maximum}`]),
  ];
  return [field.type ?? 'any', ...bounds].join(' ');
}
