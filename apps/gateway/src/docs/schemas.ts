import { Type, type Static, type TSchema } from '@sinclair/typebox';
import {
  ARTIFACT_KINDS,
  ManifestFileSchema,
  ManifestSchema,
  WEBHOOK_EVENTS,
  type ArtifactList,
  type ArtifactSummary,
  type ArtifactView,
  type DeliveryList,
  type DeliveryView,
  type NewWebhook,
  type WebhookList,
  type WebhookView,
  type AuditEvent,
  type AuditPage,
  type AuditRecord,
  type ErrorView,
  type Json,
  type ModelView,
  type PhaseDescription,
  type PhaseList,
  type PhaseView,
  type RunList,
  type RunView,
  type UploadView,
} from '@agent-forge/contracts';
import { closed, COMMON_SCHEMAS, same, Text, Time } from '@agent-forge/runtime/openapi';

const Digest = (description: string) => Type.String({ pattern: '^[0-9a-f]{64}$', description });
const Kind = Type.Union(ARTIFACT_KINDS.map((kind) => Type.Literal(kind)));
const Bytes = Type.Integer({ minimum: 0, description: 'Of all files together.' });

const RunData = Type.Object(
  { name: Text('As parameters refer to it.'), artifactId: Digest('A data set or a model.') },
  closed,
);
const ArtifactViewSchema = Type.Object(
  { id: Digest('The artifact.'), kind: Text('Its kind.'), role: Text('What it is in this run.') },
  closed,
);
const ErrorViewSchema = Type.Object(
  { code: Text('A code of the error catalog.'), message: Text('What was wrong.') },
  closed,
);

const NoteViewSchema = Type.Object(
  {
    attempt: Type.Integer({ minimum: 1, description: 'The attempt that noted it.' }),
    code: Text('For programs, for example `DIVERGED`.'),
    message: Text('What happened.'),
  },
  closed,
);

const PhaseViewSchema = Type.Object(
  {
    phase: Text('Its name.'),
    status: Text('`waiting`, `claimed`, `released`, `completed` or `failed`.'),
    attempt: Type.Integer({ minimum: 0, description: 'The number of the last claim; 0 before the first.' }),
    failures: Type.Integer({ minimum: 0, description: 'Attempts that failed.' }),
    startedAt: Type.Optional(Time('When it was first claimed.')),
    endedAt: Type.Optional(Time('When it ended.')),
    artifacts: Type.Array(ArtifactViewSchema),
    metrics: Type.Record(Type.String(), Type.Number(), { description: 'Measured on the report split.' }),
    degraded: Type.Optional(Text('Why the fallback was used.')),
    error: Type.Optional(ErrorViewSchema),
    plan: Type.Optional(
      Type.Unsafe<Json>({ description: 'What was settled once for all attempts, for example numbers of steps.' }),
    ),
    notes: Type.Array(NoteViewSchema, { description: 'What the phase wanted its readers to know.' }),
  },
  closed,
);

const RunViewSchema = Type.Object(
  {
    id: Text('The run.'),
    status: Text('`running`, `paused`, `completed`, `failed` or `cancelled`.'),
    name: Text('A name for people.'),
    seed: Type.Integer({ minimum: 0, description: 'Every random number is derived from it.' }),
    data: Type.Array(RunData),
    requestedBy: Text('Who asked for it.'),
    requestedAt: Time('When.'),
    endedAt: Type.Optional(Time('When it ended.')),
    forkedFrom: Type.Optional(Text('The run that this one was forked from.')),
    families: Type.Record(Type.String(), Type.Number(), { description: 'Task families with their weights.' }),
    models: Type.Array(RunData, { description: 'Models that the first phase reads.' }),
    phases: Type.Array(PhaseViewSchema, { description: 'In the order of the recipe.' }),
    artifacts: Type.Array(ArtifactViewSchema, { description: 'Those of the last phase, once the run is completed.' }),
    error: Type.Optional(ErrorViewSchema),
  },
  closed,
);

const RunListSchema = Type.Object(
  { runs: Type.Array(RunViewSchema), next: Type.Optional(Text('Names the next page; absent on the last.')) },
  closed,
);

const upload = {
  artifactId: Digest('The artifact, for recipes.'),
  kind: Kind,
  sizeBytes: Bytes,
  files: Type.Array(ManifestFileSchema),
};
const UploadViewSchema = Type.Object(upload, closed);
const ModelViewSchema = Type.Object(
  {
    ...upload,
    parameters: Type.Integer({ minimum: 0, description: 'Weights of the model; a tied head counts once.' }),
  },
  closed,
);

const ArtifactSummarySchema = Type.Object(
  {
    id: Digest('The artifact.'),
    kind: Kind,
    phase: Text('The phase that made it; `import` when a user brought it.'),
    files: Type.Integer({ minimum: 1 }),
    sizeBytes: Bytes,
  },
  closed,
);
const ArtifactListSchema = Type.Object(
  {
    artifacts: Type.Array(ArtifactSummarySchema),
    next: Type.Optional(Text('Names the next page; absent on the last.')),
  },
  closed,
);

const PhaseDescriptionSchema = Type.Object(
  {
    name: Text('As recipes name it.'),
    summary: Text('What it does.'),
    consumes: Type.Object(
      {
        kind: Type.Optional(Kind),
        atLeast: Type.Integer({ minimum: 0, description: 'Artifacts of that kind.' }),
        data: Type.Boolean({ description: 'Whether the recipe must name task families or data.' }),
        relaxed: Type.Optional(
          Type.Object(
            { by: Text('The parameter.'), atLeast: Type.Integer({ minimum: 0 }), data: Type.Boolean() },
            { ...closed, description: 'A parameter with which less is needed.' },
          ),
        ),
      },
      closed,
    ),
    produces: Type.Array(Type.Object({ role: Type.String(), kind: Kind, meaning: Type.String() }, closed)),
    params: Type.Record(Type.String(), Type.Any(), { description: 'A JSON Schema, with defaults and meanings.' }),
    metrics: Type.Array(Type.String(), {
      description: 'What it measures, and a recipe may set bounds for; `*` stands for a part that a recipe chooses.',
    }),
    resources: Type.Object({ cpus: Type.Number(), memoryMiB: Type.Number() }, closed),
    fallback: Type.Optional(Text('What it does when it fails and the recipe allows it.')),
  },
  closed,
);
const PhaseListSchema = Type.Object({ phases: Type.Array(PhaseDescriptionSchema) }, closed);

const AuditEventSchema = Type.Object(
  {
    id: Text('The event.'),
    time: Time('When the answer was given.'),
    tenant: Type.Optional(Text('Whose it is; absent when nobody knows who asked.')),
    actor: Type.Optional(Text("The subject of the caller's token.")),
    action: Text('Method and route.'),
    resource: Text('Path of what was made or asked for.'),
    outcome: Type.Union(['done', 'refused', 'denied', 'failed'].map((one) => Type.Literal(one))),
    status: Type.Integer({ description: 'The HTTP status of the answer.' }),
    from: Text('The address that the request came from.'),
    requestId: Text('Names the request in the logs.'),
    count: Type.Optional(Type.Integer({ minimum: 1, description: 'Requests of strangers that it sums up.' })),
  },
  closed,
);
const AuditRecordSchema = Type.Object(
  {
    sequence: Type.Integer({ minimum: 1 }),
    previous: Text('Hash of the record before; docs/guides/audit.md says of what.'),
    entries: Type.Array(
      Type.Object(
        { digest: Digest("SHA-256 of the event's canonical JSON (RFC 8785)."), event: Type.Optional(AuditEventSchema) },
        closed,
      ),
    ),
  },
  closed,
);
const AuditPageSchema = Type.Object(
  {
    records: Type.Array(AuditRecordSchema),
    next: Type.Optional(Type.Integer({ description: 'Names the next page; absent on the last.' })),
  },
  closed,
);

const WebhookEventSchema = Type.Union(WEBHOOK_EVENTS.map((name) => Type.Literal(name)));
const webhook = {
  id: Text('The webhook.'),
  url: Text('Where events are sent.'),
  events: Type.Array(WebhookEventSchema),
  createdBy: Text('Who made it.'),
  createdAt: Time('When.'),
};
const WebhookViewSchema = Type.Object(webhook, closed);
const NewWebhookSchema = Type.Object(
  { ...webhook, secret: Text('Signs deliveries (Standard Webhooks 1.0); shown this once.') },
  closed,
);
const WebhookListSchema = Type.Object({ webhooks: Type.Array(WebhookViewSchema) }, closed);
const DeliveryAttemptSchema = Type.Object(
  {
    at: Time('When.'),
    durationMs: Type.Integer({ minimum: 0 }),
    status: Type.Optional(Type.Integer({ description: 'What the target answered.' })),
    problem: Type.Optional(Text('Why it failed; absent when it did not.')),
  },
  closed,
);
const DeliveryViewSchema = Type.Object(
  {
    id: Text('The delivery.'),
    event: WebhookEventSchema,
    run: Text('The run that it is about.'),
    status: Type.Union(['pending', 'delivered', 'failed'].map((one) => Type.Literal(one))),
    attempts: Type.Array(DeliveryAttemptSchema, { description: 'The latest, oldest first.' }),
    nextAttemptAt: Type.Optional(Time('When the next attempt is due.')),
  },
  closed,
);
const DeliveryListSchema = Type.Object(
  {
    deliveries: Type.Array(DeliveryViewSchema),
    next: Type.Optional(Text('Names the next page; absent on the last.')),
  },
  closed,
);

/** The schemas of all answers, by the names that the document gives them. */
export const SCHEMAS = {
  RunView: RunViewSchema,
  RunList: RunListSchema,
  UploadView: UploadViewSchema,
  ModelView: ModelViewSchema,
  Manifest: ManifestSchema,
  ArtifactList: ArtifactListSchema,
  PhaseDescription: PhaseDescriptionSchema,
  PhaseList: PhaseListSchema,
  AuditPage: AuditPageSchema,
  WebhookView: WebhookViewSchema,
  NewWebhook: NewWebhookSchema,
  WebhookList: WebhookListSchema,
  DeliveryView: DeliveryViewSchema,
  DeliveryList: DeliveryListSchema,
  ...COMMON_SCHEMAS,
} as const satisfies Record<string, TSchema>;

/** A name of {@link SCHEMAS}. */
export type SchemaName = keyof typeof SCHEMAS;

same<keyof Static<typeof PhaseViewSchema>, keyof PhaseView>(true);
same<Static<typeof PhaseViewSchema>, PhaseView>(true);
same<keyof Static<typeof RunViewSchema>, keyof RunView>(true);
same<Static<typeof RunViewSchema>, RunView>(true);
same<Static<typeof RunListSchema>, RunList>(true);
same<Static<typeof ArtifactViewSchema>, ArtifactView>(true);
same<Static<typeof ErrorViewSchema>, ErrorView>(true);
same<Static<typeof UploadViewSchema>, UploadView>(true);
same<Static<typeof ModelViewSchema>, ModelView>(true);
same<Static<typeof ArtifactSummarySchema>, ArtifactSummary>(true);
same<Static<typeof ArtifactListSchema>, ArtifactList>(true);
same<keyof Static<typeof PhaseDescriptionSchema>, keyof PhaseDescription>(true);
same<keyof Static<typeof PhaseListSchema>, keyof PhaseList>(true);
same<keyof Static<typeof AuditEventSchema>, keyof AuditEvent>(true);
same<keyof Static<typeof AuditRecordSchema>, keyof AuditRecord>(true);
same<keyof Static<typeof AuditPageSchema>, keyof AuditPage>(true);
same<keyof Static<typeof WebhookViewSchema>, keyof WebhookView>(true);
same<keyof Static<typeof NewWebhookSchema>, keyof NewWebhook>(true);
same<keyof Static<typeof WebhookListSchema>, keyof WebhookList>(true);
same<keyof Static<typeof DeliveryViewSchema>, keyof DeliveryView>(true);
same<keyof Static<typeof DeliveryListSchema>, keyof DeliveryList>(true);
