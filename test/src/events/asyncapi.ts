import { CONTENT_TYPE } from '@agent-forge/contracts';
import { stringify } from 'yaml';
import { eventEntries, type EventEntry } from './catalog.js';
import { messagesIn, schemaOf, type JsonSchema } from './json-schema.js';
import { readComments, type Comments } from './proto-comments.js';

const HEAD = `# Made by \`node tools/generate.mjs\` from proto/ and libs/contracts; a test says when it is stale.\n`;
const TOKENS: Readonly<Record<string, string>> = {
  tenant: 'Whose run it is; a-z and 0-9.',
  run: 'The id of the run; a-z and 0-9, in the order of time.',
  phase: 'The phase that the event is about.',
  next: 'The phase that is to act on it, or none.',
};

/** The document docs/reference/asyncapi.yaml (AsyncAPI 3.0). */
export function asyncApi(): string {
  const comments = readComments();
  const entries = eventEntries();
  const messages = new Map(entries.flatMap(({ schema }) => [...messagesIn(schema)]));
  const schemas = Object.fromEntries([...messages].map(([name, message]) => [name, schemaOf(message, comments)]));
  const document = {
    asyncapi: '3.0.0',
    info: {
      title: 'Agent Forge events',
      version: '1.0.0',
      description:
        'Every event of every run, over NATS JetStream. Stream FORGE_EVENTS is the log, kept for good; FORGE_PROGRESS forgets after an hour.',
    },
    defaultContentType: CONTENT_TYPE,
    channels: Object.fromEntries(entries.map((entry) => [keyOf(entry), channelOf(entry)])),
    operations: Object.fromEntries(
      entries.map((entry) => [
        `hear-${keyOf(entry)}`,
        { action: 'receive', channel: { $ref: `#/channels/${keyOf(entry)}` } },
      ]),
    ),
    components: {
      messages: Object.fromEntries(entries.map((entry) => [keyOf(entry), messageOf(entry, comments)])),
      schemas,
    },
  };
  return HEAD + stringify(document, { lineWidth: 0, aliasDuplicateObjects: false });
}

const keyOf = ({ name }: EventEntry): string => name.replace('.', '-');

function channelOf(entry: EventEntry): object {
  const names = [...entry.subject.matchAll(/<(\w+)>/g)].map(([, name]) => name!);
  return {
    address: entry.subject.replaceAll(/<(\w+)>/g, '{$1}'),
    messages: { [keyOf(entry)]: { $ref: `#/components/messages/${keyOf(entry)}` } },
    parameters: Object.fromEntries(names.map((name) => [name, { description: TOKENS[name]! }])),
  };
}

function messageOf({ name, schema, exampleJson }: EventEntry, comments: Comments): object {
  return {
    name,
    title: name,
    summary: comments.message(schema.name),
    payload: envelopeOf(name, schemaOf(schema, comments)),
    examples: [{ name: 'example', payload: exampleJson }],
  };
}

/** CloudEvents 1.0, structured mode (JSON event format, section 3). */
function envelopeOf(name: string, data: JsonSchema): JsonSchema {
  return {
    type: 'object',
    required: ['specversion', 'id', 'source', 'type', 'subject', 'time', 'datacontenttype', 'next', 'data'],
    properties: {
      specversion: { const: '1.0' },
      id: { type: 'string', description: 'Unique together with source; also the message id.' },
      source: { type: 'string', description: 'The service that wrote it.' },
      type: { const: `agentforge.${name}.v1` },
      subject: { type: 'string', description: 'tenant/run/phase' },
      time: {
        type: 'string',
        format: 'date-time',
        description: 'When it was made. Order is by sequence, never by this.',
      },
      datacontenttype: { const: 'application/json' },
      next: { type: 'string', description: 'The phase that is to act on it, or none.' },
      data,
    },
  };
}
