import type { ErrorCode } from '@agent-forge/contracts';

/** What may go wrong with what asks for a run. */
export const REQUEST_ERRORS: ErrorCode[] = [
  'INVALID_ARGUMENT',
  'BUDGET_EXCEEDED',
  'ARTIFACT_NOT_FOUND',
  'PAYLOAD_TOO_LARGE',
  'UNSUPPORTED_FORMAT',
  'TOO_MANY_RUNS',
  'BROKER_UNAVAILABLE',
];
