/** W3C Trace Context, level 1: version 00, trace id, parent id, flags. */
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
const SAMPLED = '01';

/** A place in a trace. */
export interface TraceContext {
  /** 32 hexadecimal digits, the same for a whole run. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
}

/** Reads a `traceparent` header; undefined when it is missing or not well-formed, as the recommendation asks. */
export function parseTraceparent(header: string | undefined): TraceContext | undefined {
  const [, traceId, spanId] = TRACEPARENT.exec(header ?? '') ?? [];
  if (traceId === undefined || spanId === undefined || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId };
}

/** The header of a trace context. */
export function formatTraceparent({ traceId, spanId }: TraceContext): string {
  return `00-${traceId}-${spanId}-${SAMPLED}`;
}

/**
 * The context of the next step: the same trace with a new span, or a new trace when there was none.
 * @param random at least 24 random bytes
 */
export function nextTrace(parent: TraceContext | undefined, random: Uint8Array): TraceContext {
  const hex = Array.from(random, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return { traceId: parent?.traceId ?? hex.slice(16, 48), spanId: hex.slice(0, 16) };
}
