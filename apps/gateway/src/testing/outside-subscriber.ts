import { connect, type JsMsg } from 'nats';

// Written from docs/reference/events.md alone, with a plain client and nothing of ours: what anybody can do in any language.

/** A run as this reader has understood it. */
export interface ReadRun {
  status: string;
  phases: { phase: string; status: string; attempt: number; worker: string; artifacts: object[]; metrics: object }[];
  artifacts: object[];
}

interface CloudEvent {
  type: string;
  subject: string;
  data: any;
}

const ENDED = ['completed', 'failed', 'cancelled'];

/** Reads the whole log of a broker and gives the state of every run, by `tenant/run`. */
export async function readRuns(login: { servers: string; user: string; pass: string }): Promise<Map<string, ReadRun>> {
  const connection = await connect(login);
  const jetstream = connection.jetstream();
  const { last_seq } = (await (await jetstream.jetstreamManager()).streams.info('FORGE_EVENTS')).state;
  const runs = new Map<string, ReadRun>();
  const consumer = await jetstream.consumers.get('FORGE_EVENTS', { filterSubjects: 'forge.events.>' });
  for await (const message of await consumer.consume()) {
    fold(runs, message);
    if (message.seq >= last_seq) break;
  }
  await connection.close();
  return runs;
}

function fold(runs: Map<string, ReadRun>, message: JsMsg): void {
  const { type, subject, data } = message.json<CloudEvent>();
  const [tenant, id, about] = subject.split('/') as [string, string, string];
  const name = type.replace(/^agentforge\./, '').replace(/\.v1$/, '');
  const key = `${tenant}/${id}`;
  const run = runs.get(key);
  if (run === undefined) {
    if (name === 'run.requested') runs.set(key, requested(data));
  } else if (name === 'run.retried') retried(run, data['phase']);
  else if (!ENDED.includes(run.status)) about === 'run' ? ofRun(run, name, data) : ofPhase(run, about, name, data);
}

function requested(data: CloudEvent['data']): ReadRun {
  const { recipe, fork } = data as { recipe: { phases: { phase: string }[] }; fork?: { phases?: { phase: string }[] } };
  const phases = recipe.phases.map(({ phase }) => {
    const inherited = fork?.phases?.find((result) => result.phase === phase);
    return {
      ...waiting(phase),
      ...(inherited ? { artifacts: [], metrics: {}, ...inherited, status: 'completed' } : {}),
    };
  });
  return { status: 'running', phases, artifacts: [] };
}

const waiting = (phase: string) => ({ phase, status: 'waiting', attempt: 0, worker: '', artifacts: [], metrics: {} });

function retried(run: ReadRun, phase: string): void {
  const at = run.phases.findIndex((each) => each.phase === phase);
  run.status = 'running';
  run.artifacts = [];
  run.phases = run.phases.map((each, i) => (i < at ? each : { ...waiting(each.phase), attempt: each.attempt }));
}

function ofRun(run: ReadRun, name: string, data: CloudEvent['data']): void {
  const open = run.phases.find(({ status }) => status !== 'completed');
  if (name === 'run.paused') run.status = 'paused';
  if (name === 'run.cancelled') run.status = 'cancelled';
  if (name === 'run.failed' && open?.status === 'failed') run.status = 'failed';
  if (name === 'run.resumed' && run.status === 'paused') {
    run.status = 'running';
    if (open?.status === 'claimed') open.status = 'released';
  }
  if (name !== 'run.completed' || open !== undefined) return;
  run.status = 'completed';
  run.artifacts = data['artifacts'] ?? [];
}

function ofPhase(run: ReadRun, about: string, name: string, data: CloudEvent['data']): void {
  const { attempt, worker } = data as { attempt: number; worker: string };
  const phase = run.phases.find(({ status }) => status !== 'completed');
  if (phase === undefined || phase.phase !== about || phase.status === 'failed') return;
  if (name === 'phase.started') {
    if (run.status === 'running' && attempt === phase.attempt + 1)
      Object.assign(phase, { status: 'claimed', attempt, worker });
    return;
  }
  if (name === 'phase.failed') phase.status = 'failed';
  if (phase.status !== 'claimed' || phase.attempt !== attempt || phase.worker !== worker) return;
  if (name === 'phase.released') phase.status = 'released';
  if (name !== 'phase.completed') return;
  const { artifacts = [], metrics = {} } = data as { artifacts?: object[]; metrics?: object };
  Object.assign(phase, { status: 'completed', artifacts, metrics });
}
