import type { JsonValue } from '@bufbuild/protobuf';
import type { ErrorCode } from './errors.js';

/*
 * The JSON of the HTTP API, for the gateway that answers and the client that asks. Times are RFC 3339.
 */

/** A data set of a run. */
export interface RunDataRequest {
  /** The name that parameters use to refer to it; 1 to 64 letters, digits, `_`, `-` or `.`. */
  name: string;
  /** Id of an artifact of kind `dataset`. */
  artifactId: string;
}

/** A phase of a run. */
export interface RunPhaseRequest {
  phase: string;
  /** What is left out takes its default. */
  params?: Record<string, JsonValue>;
  /** Whether the phase may use its declared fallback (default false). */
  allowFallback?: boolean;
}

/** `POST /v1/runs`: what is to be done. */
export interface RunRequest {
  /** A name for people. */
  name?: string;
  /** Every random number of the run is derived from it (default 1). */
  seed?: number;
  data?: RunDataRequest[];
  /** In the order in which they run. */
  phases: RunPhaseRequest[];
}

/** An artifact that a phase made. */
export interface ArtifactView {
  id: string;
  kind: string;
  role: string;
}

/** Why something failed. */
export interface ErrorView {
  code: string;
  message: string;
}

/** One phase of a run. */
export interface PhaseView {
  phase: string;
  status: string;
  attempt: number;
  failures: number;
  startedAt?: string;
  endedAt?: string;
  artifacts: ArtifactView[];
  /** Measured on the report split. */
  metrics: Record<string, number>;
  /** Why the fallback was used. */
  degraded?: string;
  error?: ErrorView;
}

/** A run, folded out of its log. */
export interface RunView {
  id: string;
  /** `running`, `completed`, `failed` or `cancelled`. */
  status: string;
  name: string;
  seed: number;
  data: RunDataRequest[];
  requestedBy: string;
  requestedAt: string;
  endedAt?: string;
  phases: PhaseView[];
  /** The artifacts of the last phase, once the run is completed. */
  artifacts: ArtifactView[];
  error?: ErrorView;
}

/** `GET /v1/runs`: newest first. */
export interface RunList {
  runs: RunView[];
  /** Names the next page; absent on the last. */
  next?: string;
}

/** `POST /v1/datasets`: what was stored. */
export interface DatasetView {
  /** Id of the artifact, for recipes. */
  artifactId: string;
  /** SHA-256 of the file. */
  digest: string;
  sizeBytes: number;
}

/** The body of every error (RFC 9457, `application/problem+json`). */
export interface Problem {
  /** `urn:agentforge:error:<code>`. */
  type: string;
  /** What the code means. */
  title: string;
  status: number;
  /** What was wrong this time. */
  detail: string;
  code: ErrorCode;
  /** Names the request in the logs. */
  requestId: string;
}

/** Names of events that end a run, and with it its event stream. */
export const FINAL_EVENTS: readonly string[] = ['run.completed', 'run.failed', 'run.cancelled'];
/** The content type of {@link Problem}. */
export const PROBLEM_TYPE = 'application/problem+json';
