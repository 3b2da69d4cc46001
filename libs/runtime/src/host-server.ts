import { ForgeError, type Json } from '@agent-forge/contracts';
import type { Execution } from '@agent-forge/nats';
import { assertCheckpointFits, type Checkpoint, type Note } from '@agent-forge/phases';
import { phaseOf, type Command } from '@agent-forge/run';
import type { AttemptOptions, Claim } from './attempt.js';
import type { HostQuestions } from './thread/remote-host.js';

/** The service's side of a phase's host: answers what the phase in its thread asks, for one attempt. */
export class HostServer {
  #checkpoints = 0;
  #notes = 0;

  constructor(
    private readonly options: AttemptOptions,
    private readonly claim: Claim,
    private readonly signal: AbortSignal,
  ) {}

  /** Answers a question. @throws ForgeError RUN_CONFLICT when the attempt no longer counts, BROKER_UNAVAILABLE */
  answer = async (question: string, payload: unknown, tell: (value: unknown) => void): Promise<unknown> => {
    switch (question as keyof HostQuestions) {
      case 'plan':
        return this.#plan();
      case 'keepPlan':
        return this.#keepPlan(payload as Json);
      case 'saveCheckpoint':
        return this.#saveCheckpoint(payload as Checkpoint);
      case 'note':
        return this.#note(payload as Note);
      case 'runTasks': {
        const { task, inputs } = payload as HostQuestions['runTasks']['ask'];
        const { tenant, run } = this.claim;
        const asked = { tenant, run, phase: this.options.phase.name, task, inputs };
        return this.options.tasks.run(asked, (index, progress) => tell({ index, progress }), this.signal);
      }
    }
  };

  #about() {
    return { phase: this.options.phase.name, attempt: this.claim.attempt, worker: this.options.worker };
  }

  async #plan(): Promise<HostQuestions['plan']['answer']> {
    const plan = phaseOf(this.claim.state, this.options.phase.name)?.plan;
    return plan === undefined ? undefined : { plan };
  }

  async #keepPlan(plan: Json): Promise<Json> {
    const { state } = await this.#execute({ do: 'plan', ...this.#about(), plan });
    return phaseOf(state, this.options.phase.name)?.plan ?? plan;
  }

  async #saveCheckpoint(checkpoint: Checkpoint): Promise<void> {
    assertCheckpointFits(this.options.phase.name, checkpoint);
    const number = ++this.#checkpoints;
    const artifacts = checkpoint.artifacts.map(({ id, kind, role }) => ({ id, kind, role }));
    await this.#execute({
      do: 'checkpoint',
      ...this.#about(),
      number,
      checkpoint: { state: checkpoint.state, artifacts: artifacts as never },
    });
  }

  async #note({ code, message, metrics = {} }: Note): Promise<void> {
    await this.#execute({ do: 'note', ...this.#about(), number: ++this.#notes, note: { code, message, metrics } });
  }

  async #execute(command: Command): Promise<Execution> {
    const { tenant, run } = this.claim;
    const done = await this.options.log.execute(tenant, run, command);
    if ('nothing' in done && command.do !== 'plan') throw new ForgeError('RUN_CONFLICT', done.nothing);
    return done;
  }
}
