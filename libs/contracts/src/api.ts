import type { JsonValue } from '@bufbuild/protobuf';
import type { AuditRecord } from './audit.js';
import type { ArtifactKind, ManifestFile } from './artifacts.js';
import type { Json } from './canonical-json.js';
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

/** A model that a run imports. */
export interface RunModelRequest {
  /** The name that parameters use to refer to it; 1 to 64 letters, digits, `_`, `-` or `.`. */
  name: string;
  /** Id of an artifact of kind `model`. */
  artifactId: string;
}

/** What a metric must keep to; both bounds pass. */
export interface GateRequest {
  min?: number;
  max?: number;
}

/** What a run may use; what is left out has no limit. */
export interface BudgetRequest {
  /** Of all phases together. */
  seconds?: number;
  /** Of the largest phase. */
  memoryMib?: number;
  /** Of everything that is stored. */
  diskMib?: number;
}

/** A phase of a run. */
export interface RunPhaseRequest {
  phase: string;
  /** What is left out takes its default. */
  params?: Record<string, JsonValue>;
  /** Whether the phase may use its declared fallback (default false). */
  allowFallback?: boolean;
  /** Bounds that metrics of the phase must keep, besides the phase's own gate; by name of the metric. */
  gates?: Record<string, GateRequest>;
}

/** `POST /v1/runs`: what is to be done. */
export interface RunRequest {
  /** A name for people. */
  name?: string;
  /** Every random number of the run is derived from it (default 1). */
  seed?: number;
  data?: RunDataRequest[];
  /** Task families that models are trained and measured on, with their weights in the mix. */
  families?: Record<string, number>;
  /** Models that the first phase reads. */
  models?: RunModelRequest[];
  /** In the order in which they run. */
  phases: RunPhaseRequest[];
  budget?: BudgetRequest;
}

/** `POST /v1/phases/{phase}/runs`: what one phase alone is to do, on one model or several. */
export interface PhaseRunRequest extends Omit<RunRequest, 'phases'>, Omit<RunPhaseRequest, 'phase'> {
  /** A model, instead of `models`. */
  artifactId?: string;
}

/** `POST /v1/runs/{run}:retry` and `:fork`: what is to be done anew. */
export interface RedoRequest {
  /** The first phase that is done anew. */
  phase: string;
  /** Parameters that replace those of the phase, one by one. */
  params?: Record<string, JsonValue>;
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
  /** What was settled once for all attempts, for example numbers of steps. */
  plan?: Json;
  /** What the phase wanted its readers to know. */
  notes: NoteView[];
}

/** Something that ended nothing, for example a training that diverged and was rolled back. */
export interface NoteView {
  attempt: number;
  code: string;
  message: string;
}

/** A run, folded out of its log. */
export interface RunView {
  id: string;
  /** `running`, `paused`, `completed`, `failed` or `cancelled`. */
  status: string;
  name: string;
  seed: number;
  data: RunDataRequest[];
  requestedBy: string;
  requestedAt: string;
  endedAt?: string;
  /** The run that this one was forked from. */
  forkedFrom?: string;
  families: Record<string, number>;
  models: RunModelRequest[];
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
export interface UploadView {
  /** Id of the artifact, for recipes. */
  artifactId: string;
  kind: ArtifactKind;
  /** Of all files together. */
  sizeBytes: number;
  files: ManifestFile[];
}

/** `POST /v1/models`: what was stored. */
export interface ModelView extends UploadView {
  /** Weights of the model; a tied head counts once. */
  parameters: number;
}

/** An artifact in a list. */
export interface ArtifactSummary {
  id: string;
  kind: ArtifactKind;
  /** The phase that made it; `import` when a user brought it. */
  phase: string;
  files: number;
  /** Of all files together. */
  sizeBytes: number;
}

/** `GET /v1/artifacts`: in the order of their ids. */
export interface ArtifactList {
  artifacts: ArtifactSummary[];
  /** Names the next page; absent on the last. */
  next?: string;
}

/** One phase that a recipe may ask for. */
export interface PhaseDescription {
  name: string;
  summary: string;
  consumes: {
    /** Kind of the artifacts that it takes from the phase before. */
    kind?: ArtifactKind;
    /** How many of them at least. */
    atLeast: number;
    /** Whether the recipe must name task families or data. */
    data: boolean;
    /** A parameter with which less is needed. */
    relaxed?: { by: string; atLeast: number; data: boolean };
  };
  produces: { role: string; kind: ArtifactKind; meaning: string }[];
  /** JSON Schema of its parameters, each with default, bounds and meaning. */
  params: Record<string, Json>;
  /** What it measures, and a recipe may set bounds for; `*` stands for a part that a recipe chooses. */
  metrics: string[];
  /** What one replica should be given. */
  resources: { cpus: number; memoryMiB: number };
  /** What it does when it fails and the recipe allows it. */
  fallback?: string;
}

/** `GET /v1/phases`: in the order of the pipeline. */
export interface PhaseList {
  phases: PhaseDescription[];
}

/** `GET /v1/audit`: records in order; events that the caller may not see have their digest only. */
export interface AuditPage {
  records: AuditRecord[];
  /** The `after` of the next page; absent on the last. */
  next?: number;
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
