import { ForgeError } from './errors.js';
import { assertId, isId } from './ids.js';

/** The phase token of events about the run as a whole. */
export const RUN_TOKEN = 'run';
/** The next token where nobody is to act. */
export const NOBODY = 'none';

const LOG_ROOT = 'forge.events';
const PROGRESS_ROOT = 'forge.progress';
const DEAD_ROOT = 'forge.dead';

/** Every subject of the run log: `forge.events.<tenant>.<run>.<phase>.<event>.<next>`. */
export const LOG_SUBJECTS = `${LOG_ROOT}.*.*.*.*.*`;
/** Every subject of the progress stream: `forge.progress.<tenant>.<run>.<phase>.<event>`. */
export const PROGRESS_SUBJECTS = `${PROGRESS_ROOT}.*.*.*.*`;
/** Every subject of the dead-letter stream: `forge.dead.<tenant>.<run>.<consumer>`. */
export const DEAD_SUBJECTS = `${DEAD_ROOT}.*.*.*`;
/** The one subject of the audit log, which is one chain for all tenants. */
export const AUDIT_SUBJECT = 'forge.audit';

/** Where an event belongs; each part is one token of its subject. */
export interface EventAddress {
  readonly tenant: string;
  readonly run: string;
  /** The phase that the event is about, or {@link RUN_TOKEN}. */
  readonly phase: string;
  /** What happened, for example `completed`. */
  readonly event: string;
  /** The phase that is to act on it, or {@link NOBODY}. */
  readonly next: string;
}

/** The subject of an event of the run log. @throws ForgeError INVALID_ARGUMENT when a part is no id */
export function logSubject(address: EventAddress): string {
  const { tenant, run, phase, event, next } = address;
  return tokens(LOG_ROOT, { tenant, run, phase, event, next });
}

/** The subject of a progress event. @throws ForgeError INVALID_ARGUMENT when a part is no id */
export function progressSubject(address: Omit<EventAddress, 'next'>): string {
  const { tenant, run, phase, event } = address;
  return tokens(PROGRESS_ROOT, { tenant, run, phase, event });
}

/** Where the dead letters of a consumer for one run go. @throws ForgeError INVALID_ARGUMENT when a part is no id */
export function deadSubject(tenant: string, run: string, consumer: string): string {
  return tokens(DEAD_ROOT, { tenant, run, consumer });
}

/** All events of one run's log; also the scope of compare-and-set. */
export function runFilter(tenant: string, run: string): string {
  return `${tokens(LOG_ROOT, { tenant, run })}.>`;
}

/** The progress of one run. */
export function runProgressFilter(tenant: string, run: string): string {
  return `${tokens(PROGRESS_ROOT, { tenant, run })}.>`;
}

/** All log events of one tenant. */
export function tenantFilter(tenant: string): string {
  return `${tokens(LOG_ROOT, { tenant })}.>`;
}

/** The events that a phase is to act on, of one tenant or of all. */
export function phaseFilter(phase: string, tenant?: string): string {
  const whose = tenant === undefined ? '*' : assertId(tenant, 'tenant');
  return `${LOG_ROOT}.${whose}.*.*.*.${assertId(phase, 'phase')}`;
}

/** Takes a subject of the log or of the progress stream apart. @throws ForgeError INVALID_EVENT when it is none */
export function parseSubject(subject: string): EventAddress {
  const parts = subject.split('.');
  const root = parts.slice(0, 2).join('.');
  const [tenant, run, phase, event, next = NOBODY] = parts.slice(2);
  const length = root === LOG_ROOT ? 7 : root === PROGRESS_ROOT ? 6 : -1;
  if (parts.length !== length || !parts.slice(2).every(isId)) {
    throw new ForgeError(
      'INVALID_EVENT',
      `"${subject.slice(0, 200)}" is not a subject of the run log or of the progress stream`,
    );
  }
  return { tenant: tenant!, run: run!, phase: phase!, event: event!, next };
}

function tokens(root: string, parts: Record<string, string>): string {
  return [root, ...Object.entries(parts).map(([what, value]) => assertId(value, what))].join('.');
}
