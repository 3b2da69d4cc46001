/**
 * What a caller may do after an error.
 * - `permanent`: the same call fails again; never retried and never counted against a circuit breaker.
 * - `transient`: the same call may succeed later.
 * - `conflict`: somebody else changed the state first; read it again before another try.
 */
export type RetryClass = 'permanent' | 'transient' | 'conflict';

interface CatalogEntry {
  readonly httpStatus: number;
  readonly retry: RetryClass;
  /** One line for `docs/reference/errors.md`: when this code appears and what to do. */
  readonly meaning: string;
}

/** Every error code of the system. Codes are stable: they may be added, never renamed or reused. */
export const ERROR_CATALOG = {
  INVALID_ARGUMENT: {
    httpStatus: 400,
    retry: 'permanent',
    meaning:
      'An option, field or parameter is missing, unknown or out of range. The message names it and what is allowed.',
  },
  FILE_NOT_FOUND: {
    httpStatus: 404,
    retry: 'permanent',
    meaning: 'A path that was named does not exist or cannot be read.',
  },
  FILE_EXISTS: {
    httpStatus: 409,
    retry: 'permanent',
    meaning: 'The output already exists and nothing was overwritten. Choose another path or remove it.',
  },
  UNAUTHENTICATED: {
    httpStatus: 401,
    retry: 'permanent',
    meaning: 'The request carries no token, or one that is expired, revoked or not ours.',
  },
  FORBIDDEN: { httpStatus: 403, retry: 'permanent', meaning: 'The token is valid but does not allow this.' },
  TOO_MANY_ATTEMPTS: {
    httpStatus: 429,
    retry: 'transient',
    meaning: 'There were too many failed logins. The Retry-After header says how long to wait; API keys still work.',
  },
  NOT_FOUND: {
    httpStatus: 404,
    retry: 'permanent',
    meaning: 'No run, artifact or route of this id is visible to the caller.',
  },
  METHOD_NOT_ALLOWED: {
    httpStatus: 405,
    retry: 'permanent',
    meaning: 'The path exists, but does not take this method. The Allow header has those that it takes.',
  },
  URI_TOO_LONG: {
    httpStatus: 414,
    retry: 'permanent',
    meaning: 'A part of the path is longer than any name or id can be.',
  },
  PAYLOAD_TOO_LARGE: {
    httpStatus: 413,
    retry: 'permanent',
    meaning: 'A body, header, file or message is over its limit. The message names the limit.',
  },
  RANGE_NOT_SATISFIABLE: {
    httpStatus: 416,
    retry: 'permanent',
    meaning: 'A part of a file was asked for that begins behind its end. The answer names the size of the file.',
  },
  RUN_CONFLICT: {
    httpStatus: 409,
    retry: 'conflict',
    meaning:
      'What is asked for does not fit the state that the run is in, or the state changed in the meantime. The message says which; read the run again.',
  },
  IDEMPOTENCY_KEY_IN_USE: {
    httpStatus: 409,
    retry: 'transient',
    meaning:
      'A request with the same Idempotency-Key is still being answered. The Retry-After header says when to send it again; it is done once.',
  },
  IDEMPOTENCY_KEY_REUSED: {
    httpStatus: 422,
    retry: 'permanent',
    meaning:
      'The Idempotency-Key was used for another request before. Every request that is meant anew needs a new key.',
  },
  RATE_LIMITED: {
    httpStatus: 429,
    retry: 'transient',
    meaning:
      'The tenant or the client sends more requests than its rate allows. The Retry-After header says how long to wait.',
  },
  TOO_MANY_RUNS: {
    httpStatus: 429,
    retry: 'transient',
    meaning:
      'The tenant has as many runs that have not ended as it may have. Wait until some have ended, or cancel some.',
  },
  PRECONDITION_FAILED: {
    httpStatus: 412,
    retry: 'conflict',
    meaning: 'If-Match names another version than there is now; nothing was changed. Read it again and decide anew.',
  },
  INVALID_EVENT: {
    httpStatus: 422,
    retry: 'permanent',
    meaning: 'An event does not match its contract. It is moved to the dead-letter stream.',
  },
  SAFETENSORS_INVALID: {
    httpStatus: 422,
    retry: 'permanent',
    meaning: 'A file is not a well-formed safetensors file. The message names the first rule that is broken.',
  },
  NOT_A_MODEL: {
    httpStatus: 422,
    retry: 'permanent',
    meaning:
      'A folder is not a Hugging Face model folder that can be read, or its config.json is not of a supported kind.',
  },
  RECIPE_INVALID: {
    httpStatus: 422,
    retry: 'permanent',
    meaning: 'A recipe has mistakes. `forge recipe check` lists all of them with line, column and what to do.',
  },
  BUDGET_EXCEEDED: {
    httpStatus: 422,
    retry: 'permanent',
    meaning:
      'A run needs more time, memory or disk than its budget allows or the machine has. The message has the estimate of each phase.',
  },
  UNSUPPORTED_FORMAT: {
    httpStatus: 415,
    retry: 'permanent',
    meaning:
      'A file is of a kind that is never read (pickle, zip, HTML and the like), or a body of a type that the route does not take.',
  },
  SHAPE_MISMATCH: {
    httpStatus: 422,
    retry: 'permanent',
    meaning: 'Tensors, or a tensor and the configuration, have shapes that do not fit together.',
  },
  TOKENIZER_INVALID: {
    httpStatus: 422,
    retry: 'permanent',
    meaning: 'A tokenizer.json cannot be read or does not fit the model vocabulary.',
  },
  DATA_INVALID: {
    httpStatus: 422,
    retry: 'permanent',
    meaning: 'A data set cannot be read, is empty, or has a malformed line. The message names file and line.',
  },
  AUDIT_FAILED: {
    httpStatus: 422,
    retry: 'permanent',
    meaning: 'A checkpoint has NaN, Inf, an all-zero tensor, untied weights or a wrong shape.',
  },
  CHECKPOINT_INVALID: {
    httpStatus: 422,
    retry: 'permanent',
    meaning: 'A training checkpoint cannot be continued: it is damaged or belongs to other parameters.',
  },
  GRAPH_INVALID: {
    httpStatus: 500,
    retry: 'permanent',
    meaning: 'A tensor graph was built wrongly (shape or dtype mistake). The message names the node.',
  },
  PROVIDER_MISSING: {
    httpStatus: 501,
    retry: 'permanent',
    meaning: 'The chosen execution provider is not available on this machine. The message says what to install.',
  },
  DIVERGED: {
    httpStatus: 422,
    retry: 'permanent',
    meaning: 'Training diverged (NaN or a loss spike) and the bounded roll-backs did not help.',
  },
  DIGEST_MISMATCH: {
    httpStatus: 422,
    retry: 'permanent',
    meaning: 'Stored bytes do not match their digest; the artifact is damaged.',
  },
  OUT_OF_MEMORY: {
    httpStatus: 507,
    retry: 'permanent',
    meaning:
      'A computation needs more memory than this machine gives it. Smaller batches, shorter rows or a smaller model need less.',
  },
  GATE_FAILED: {
    httpStatus: 422,
    retry: 'permanent',
    meaning: 'A phase ended, but what it made does not pass its gate. The message names the metric and the threshold.',
  },
  ATTEMPTS_EXHAUSTED: {
    httpStatus: 500,
    retry: 'permanent',
    meaning: 'A phase was tried the allowed number of times and never came to an end. The message has the last cause.',
  },
  ARTIFACT_NOT_FOUND: { httpStatus: 404, retry: 'permanent', meaning: 'No artifact of this digest is in the store.' },
  BROKER_UNAVAILABLE: {
    httpStatus: 503,
    retry: 'transient',
    meaning: 'NATS cannot be reached or did not answer in time.',
  },
  BROKER_MISSING: {
    httpStatus: 503,
    retry: 'permanent',
    meaning: 'No nats-server binary was found. The message says how to get one.',
  },
  AUTH_UNAVAILABLE: {
    httpStatus: 503,
    retry: 'transient',
    meaning: 'The auth service cannot be reached, so that no token can be issued or checked.',
  },
  RUN_FAILED: {
    httpStatus: 422,
    retry: 'permanent',
    meaning: 'A run that was waited for ended without a result. The message has its cause.',
  },
  SERVICE_FAILED: {
    httpStatus: 500,
    retry: 'permanent',
    meaning:
      'A service process did not start, or ended by itself. The message has its last line and the path of its log.',
  },
  STORE_UNAVAILABLE: {
    httpStatus: 503,
    retry: 'transient',
    meaning: 'The artifact store cannot be read or written (disk full, permission, network).',
  },
  CANCELLED: { httpStatus: 409, retry: 'permanent', meaning: 'The work was cancelled by its owner.' },
  INTERNAL: {
    httpStatus: 500,
    retry: 'transient',
    meaning: 'Something unexpected. The log line of the same request id has the cause.',
  },
} as const satisfies Record<string, CatalogEntry>;

/** A code of {@link ERROR_CATALOG}. */
export type ErrorCode = keyof typeof ERROR_CATALOG;

/** The one error type of the system: a stable code and one clear line that says what is wrong and what to do. */
export class ForgeError extends Error {
  readonly code: ErrorCode;

  /**
   * @param code stable code out of {@link ERROR_CATALOG}
   * @param message one line for a person: what is wrong, where, and what to do
   * @param cause the error underneath, kept for logs and never shown to callers
   */
  constructor(code: ErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'ForgeError';
    this.code = code;
  }

  get retry(): RetryClass {
    return ERROR_CATALOG[this.code].retry;
  }

  get httpStatus(): number {
    return ERROR_CATALOG[this.code].httpStatus;
  }

  /** Wraps anything thrown; a ForgeError passes through unchanged, everything else becomes `INTERNAL`. */
  static from(error: unknown): ForgeError {
    if (error instanceof ForgeError) return error;
    return new ForgeError('INTERNAL', error instanceof Error ? error.message : String(error), error);
  }
}
