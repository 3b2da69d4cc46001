import type { DescMessage } from '@bufbuild/protobuf';
import {
  encodeEvent,
  EVENT_EXAMPLES,
  EVENTS,
  eventSubject,
  type EventName,
  type ForgeEvent,
} from '@agent-forge/contracts';

/** What a page says of an event besides its schema. */
export interface EventEntry {
  readonly name: EventName;
  readonly schema: DescMessage;
  readonly stream: 'log' | 'progress';
  /** The subject with its tokens named. */
  readonly subject: string;
  /** Who writes it. */
  readonly writer: string;
  readonly example: ForgeEvent;
  readonly exampleSubject: string;
  readonly exampleJson: unknown;
}

/** Events that tell a phase to act; all others end in `none`. */
const HANDS_OVER: readonly EventName[] = ['run.requested', 'run.resumed', 'run.retried', 'phase.completed'];
/** Closed by whoever completed or failed the last phase; all other events of a run are its owner's, through the gateway. */
const CLOSED_BY_PHASE: readonly EventName[] = ['run.completed', 'run.failed'];

/** All events, in the order of the catalog. */
export function eventEntries(): EventEntry[] {
  return Object.entries(EVENTS).map(([name, { schema, stream }]) => {
    const example = EVENT_EXAMPLES.find((event) => event.name === name)!;
    const [about, what] = name.split('.') as [string, string];
    const phase = about === 'run' ? 'run' : '<phase>';
    const next = HANDS_OVER.includes(name as EventName) ? '<next>' : 'none';
    const root = stream === 'log' ? 'forge.events' : 'forge.progress';
    const isOwners = about === 'run' && !CLOSED_BY_PHASE.includes(name as EventName);
    return {
      name: name as EventName,
      schema,
      stream,
      subject: [root, '<tenant>', '<run>', phase, what, ...(stream === 'log' ? [next] : [])].join('.'),
      writer: isOwners ? 'gateway' : 'the service of the phase',
      example,
      exampleSubject: eventSubject(example),
      exampleJson: JSON.parse(new TextDecoder().decode(encodeEvent(example))),
    };
  });
}
