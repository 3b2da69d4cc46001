import { create, fromJson, toJson, type DescMessage, type JsonValue } from '@bufbuild/protobuf';
import { ForgeError } from './errors.js';
import { checkEvent } from './event-rules.js';
import { EVENTS, isEventName, type EventInit, type EventName, type EventOf, type ForgeEvent } from './events.js';
import { MAX_EVENT_BYTES } from './limits.js';
import { LONE_SURROGATE } from './text.js';
import { logSubject, NOBODY, parseSubject, progressSubject } from './subjects.js';

/** The content type of the structured mode of CloudEvents' NATS binding. */
export const CONTENT_TYPE = 'application/cloudevents+json';

/** The `type` attribute is this, the event's name and the version of its contract. */
const TYPE = /^agentforge\.([a-z]+\.[a-z]+)\.v1$/;
const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;
const MAX_ATTRIBUTE_LENGTH = 300;

/** What {@link makeEvent} needs to make an event of a certain name. */
export interface EventParts<N extends EventName> {
  name: N;
  id: string;
  tenant: string;
  run: string;
  phase: string;
  next?: string;
  time: string;
  source: string;
  data: EventInit<N>;
}

/** An event out of its parts; data that are left out take their proto3 defaults. */
export function makeEvent<N extends EventName>(parts: EventParts<N>): EventOf<N> {
  const schema: DescMessage = EVENTS[parts.name].schema;
  const data = create(schema, parts.data as never) as EventOf<N>['data'];
  return { ...parts, next: parts.next ?? NOBODY, data };
}

/** The subject that an event is published on. @throws ForgeError INVALID_ARGUMENT when a part is no id */
export function eventSubject(event: ForgeEvent): string {
  const address = { tenant: event.tenant, run: event.run, phase: event.phase, event: event.name.split('.')[1]! };
  return EVENTS[event.name].stream === 'log' ? logSubject({ ...address, next: event.next }) : progressSubject(address);
}

/**
 * An event as CloudEvents 1.0 JSON (structured mode); its data are the proto3 JSON of their message.
 * @throws ForgeError INVALID_EVENT when a rule of the contract is broken, PAYLOAD_TOO_LARGE over 64 KiB
 */
export function encodeEvent(event: ForgeEvent): Uint8Array {
  checkEvent(event);
  const envelope = {
    specversion: '1.0',
    id: event.id,
    source: event.source,
    type: `agentforge.${event.name}.v1`,
    subject: `${event.tenant}/${event.run}/${event.phase}`,
    time: event.time,
    datacontenttype: 'application/json',
    next: event.next,
    data: toJson(EVENTS[event.name].schema as DescMessage, event.data),
  };
  const bytes = new TextEncoder().encode(JSON.stringify(envelope, wellFormed));
  if (bytes.length <= MAX_EVENT_BYTES) return bytes;
  throw new ForgeError(
    'PAYLOAD_TOO_LARGE',
    `event ${event.name} of run ${event.run} has ${bytes.length} bytes; an event may have ${MAX_EVENT_BYTES}: name large data by digest`,
  );
}

/** Half of a surrogate pair is no character: UTF-8 cannot say it, and no reader would take the event. */
function wellFormed(key: string, value: unknown): unknown {
  if (LONE_SURROGATE.test(key) || (typeof value === 'string' && LONE_SURROGATE.test(value)))
    throw new ForgeError(
      'INVALID_EVENT',
      'a text of the event is not well-formed Unicode: it has half of a surrogate pair',
    );
  return value;
}

/**
 * Reads an event and checks that envelope, subject and data agree and follow the contract; unknown fields are ignored.
 * @param subject the NATS subject that it came on
 * @throws ForgeError INVALID_EVENT for whatever is wrong with it
 */
export function decodeEvent(subject: string, bytes: Uint8Array): ForgeEvent {
  const address = parseSubject(subject);
  const envelope = parseEnvelope(subject, bytes);
  const name = TYPE.exec(envelope.type)?.[1];
  if (!isEventName(name)) throw invalid(subject, `its type "${envelope.type}" is unknown`);
  let data;
  try {
    data = fromJson(EVENTS[name].schema as DescMessage, envelope.data, { ignoreUnknownFields: true });
  } catch (error) {
    throw invalid(subject, `its data are not a ${name}: ${error instanceof Error ? error.message : error}`);
  }
  const { tenant, run, phase, next } = address;
  const event = {
    name,
    id: envelope.id,
    tenant,
    run,
    phase,
    next,
    time: envelope.time,
    source: envelope.source,
    data,
  } as ForgeEvent;
  if (eventSubject(event) !== subject) throw invalid(subject, `its type is ${name}`);
  if (envelope.subject !== `${tenant}/${run}/${phase}`)
    throw invalid(subject, `its envelope says "${envelope.subject}"`);
  if (envelope.next !== next) throw invalid(subject, `its envelope names ${envelope.next} as next`);
  checkEvent(event);
  return event;
}

interface Envelope {
  id: string;
  source: string;
  type: string;
  subject: string;
  time: string;
  next: string;
  data: JsonValue;
}

function parseEnvelope(subject: string, bytes: Uint8Array): Envelope {
  if (bytes.length > MAX_EVENT_BYTES) throw invalid(subject, `it has ${bytes.length} bytes, over ${MAX_EVENT_BYTES}`);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw invalid(subject, 'it is not JSON in UTF-8');
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw invalid(subject, 'it is not a JSON object');
  const fields = json as Record<string, unknown>;
  if (fields['specversion'] !== '1.0') throw invalid(subject, 'it is not a CloudEvent of specversion 1.0');
  for (const key of ['id', 'source', 'type', 'subject', 'time', 'next']) {
    const value = fields[key];
    if (typeof value === 'string' && value.length > 0 && value.length <= MAX_ATTRIBUTE_LENGTH) continue;
    throw invalid(subject, `its attribute "${key}" is not a text of 1 to ${MAX_ATTRIBUTE_LENGTH} characters`);
  }
  const envelope = fields as unknown as Envelope;
  if (!RFC3339.test(envelope.time)) throw invalid(subject, 'its time is not of RFC 3339');
  return envelope;
}

function invalid(subject: string, why: string): ForgeError {
  return new ForgeError('INVALID_EVENT', `event on "${subject}" is refused: ${why}`);
}
