import type { DescField } from '@bufbuild/protobuf';
import { eventEntries, type EventEntry } from './catalog.js';
import { messagesIn } from './json-schema.js';
import { readComments, type Comments } from './proto-comments.js';

const HEAD = `# Events

Everything that happens to a run is an event. Whoever reads them from the start can rebuild the state of every run: the gateway does nothing else. This
page and \`asyncapi.yaml\` beside it (AsyncAPI 3.0, with JSON Schemas) are made by \`node tools/generate.mjs\` from \`proto/\` and \`libs/contracts\`; a test says
when they are stale.

## Subscribe

| stream | subjects | kept |
| --- | --- | --- |
| \`FORGE_EVENTS\` | \`forge.events.<tenant>.<run>.<phase>.<event>.<next>\` | for good: the log |
| \`FORGE_PROGRESS\` | \`forge.progress.<tenant>.<run>.<phase>.<event>\` | an hour: never needed to rebuild anything |
| \`FORGE_DEAD\` | \`forge.dead.<tenant>.<run>.<consumer>\` | 30 days: messages that no consumer could handle, with their cause in headers \`Forge-*\` |

Use an **ordered consumer** of your client on \`FORGE_EVENTS\` with deliver policy *all* and a filter on the subjects that you want, for example
\`forge.events.main.>\` for one tenant or \`forge.events.*.*.*.completed.>\` for all completions. Tokens are made of \`a-z\` and \`0-9\` only. The token \`<phase>\` is \`run\` for
events of the run as a whole; \`<next>\` names the phase that is to act on the event, or \`none\`.

Each message is a CloudEvent 1.0 in structured mode (\`content-type: application/cloudevents+json\`): one JSON object whose \`data\` are the proto3 JSON of the message in
\`proto/agentforge/v1\`. Fields with their default (0, "", false, empty) are left out. New fields may appear: ignore what you do not know. A header \`traceparent\` (W3C)
makes a run one trace.

## Fold

Keep one state for each \`<tenant>.<run>\`, and apply events in the order of their stream sequence:

1. \`run.requested\` begins a run: status \`running\`, every phase of \`recipe.phases\` \`waiting\`. With \`fork\`, the phases that it lists are \`completed\` with its results.
2. The **current phase** is the first that is not completed. Events of other phases change nothing, nor does anything after \`run.completed\`, \`run.failed\` or
   \`run.cancelled\` except \`run.retried\`.
3. \`phase.started\` counts when its \`attempt\` is one more than the phase's: the phase is \`claimed\` by that attempt and worker. While the run is paused it does not count.
4. \`phase.planned\`, \`phase.checkpointed\`, \`phase.noted\`, \`phase.released\` and \`phase.completed\` count when \`attempt\` and \`worker\` are those of the claim. \`released\` makes the phase
   \`released\`, \`completed\` makes it \`completed\` with its artifacts and metrics. \`phase.failed\` makes it \`failed\`.
5. \`run.paused\` makes the run \`paused\`; \`run.resumed\` makes it \`running\` and a claimed phase \`released\`.
6. \`run.retried\` makes the run \`running\`; the phase that it names and all behind it are \`waiting\` again without results, keep the number of their last attempt, and the named
   phase's parameters are replaced one by one by \`params\`.
7. \`run.completed\` ends the run when no phase is open, with its artifacts; \`run.failed\` when the current phase has failed; \`run.cancelled\` always.

## All events

| event | subject | written by |
| --- | --- | --- |
`;

/** The page docs/reference/events.md. */
export function eventsPage(): string {
  const comments = readComments();
  const entries = eventEntries();
  const rows = entries.map(
    ({ name, subject, writer }) => `| [\`${name}\`](#${anchor(name)}) | \`${subject}\` | ${writer} |`,
  );
  const events = entries.map((entry) => section(entry, comments));
  const inner = [...new Map(entries.flatMap(({ schema }) => [...messagesIn(schema)])).values()];
  const messages = inner.map(
    (message) =>
      `### ${message.name}\n\n${comments.message(message.name)}\n\n${fieldsTable(message.name, message.fields, comments)}`,
  );
  return `${HEAD}${rows.join('\n')}\n\n${events.join('\n\n')}\n\n## Messages inside\n\n${messages.join('\n\n')}\n`;
}

const anchor = (name: string): string => name.replace('.', '');

function section({ name, schema, exampleSubject, exampleJson }: EventEntry, comments: Comments): string {
  return [
    `### ${name}`,
    '',
    comments.message(schema.name),
    '',
    fieldsTable(schema.name, schema.fields, comments),
    '',
    `\`${exampleSubject}\``,
    '',
    '```json',
    JSON.stringify(exampleJson, null, 2),
    '```',
  ].join('\n');
}

function fieldsTable(message: string, fields: readonly DescField[], comments: Comments): string {
  const rows = fields.map(
    (field) => `| \`${field.jsonName}\` | ${typeOf(field)} | ${comments.field(message, field.name)} |`,
  );
  return ['| field | type | meaning |', '| --- | --- | --- |', ...rows].join('\n');
}

function typeOf(field: DescField): string {
  const { message, scalar } = field;
  const wellKnown: Record<string, string> = { Struct: 'object', Value: 'any JSON' };
  const names: Record<number, string> = { 1: 'number', 8: 'boolean', 9: 'text', 13: 'integer' };
  const one = message ? (wellKnown[message.name] ?? message.name) : names[scalar!]!;
  if (field.fieldKind === 'list') return `list of ${one}`;
  return field.fieldKind === 'map' ? `map to ${one}` : one;
}
