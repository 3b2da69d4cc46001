import { setTimeout as sleep } from 'node:timers/promises';
import { ForgeError, MAX_TEXT_LENGTH, type EventOf } from '@agent-forge/contracts';
import type { Execution, Settlement } from '@agent-forge/nats';
import type { JetStreamContext } from '@agent-forge/nats/nestjs';
import { phaseOf, retryDelayMs, type Command, type PhaseOutcome } from '@agent-forge/run';
import { runAttempt, type AttemptOptions, type Claim } from './attempt.js';
import { watchClaim } from './claim-watch.js';
import { failpoint } from './failpoint.js';
import type { AttemptOutcome } from './metrics/phase-metrics.js';

/** The events that can name a phase as next. */
export type TriggerEvent = EventOf<'run.requested' | 'phase.completed' | 'run.resumed' | 'run.retried'>;

/** What a handler is told about the message of an event: its place in the log, how often it was delivered, and when the service is to end. */
export type Delivery = Pick<JetStreamContext, 'sequence' | 'deliveryCount' | 'shutdown'>;

/** While the broker is away a finished result is held for this long before it is given up (and computed again later). */
const HOLD_RESULT_MS = 15 * 60_000;
const HOLD_POLL_MS = 1_000;

/**
 * What a worker does with an event that names its phase: claim the phase by compare-and-set, compute, append the result with the sequence
 * expected, close the run if that was due, and only then let the message go. A crash between any two steps is harmless: the message comes again,
 * and what has been done already is not done twice. Who loses the claim discards its work.
 */
export class PhaseHandler {
  readonly #options: AttemptOptions;

  constructor(options: AttemptOptions) {
    this.#options = options;
  }

  /**
   * @param delivery when its `shutdown` aborts, the work is given back
   * @returns what becomes of the message
   */
  async handle(event: TriggerEvent, { sequence, deliveryCount, shutdown }: Delivery): Promise<Settlement> {
    const { tenant, run } = event;
    const { log, phase, worker, logger, metrics } = this.#options;
    if (deliveryCount > 1) metrics.redelivery();
    const claimed = await log.execute(tenant, run, { do: 'claim', phase: phase.name, worker }, sequence);
    if ('nothing' in claimed) {
      logger.info({ run, why: claimed.nothing }, 'nothing to do');
      return this.#close(tenant, run, { do: 'ack' });
    }
    if (claimed.event.name !== 'phase.started') return this.#exhausted(tenant, run, claimed);
    failpoint('after-claim');
    const claim: Claim = { tenant, run, attempt: claimed.event.data.attempt, state: claimed.state };
    logger.info({ run, attempt: claim.attempt }, 'claimed');
    const count = metrics.attempt();
    const command = await this.#work(claim, shutdown);
    failpoint('before-append');
    const ended = await this.#append(claim, command, shutdown);
    count(outcomeOf(ended));
    if (command.do === 'complete') void this.#countBytes(command.result);
    failpoint('before-settle');
    const settlement = await this.#settle(claim, command, ended);
    failpoint('before-ack');
    return settlement;
  }

  /** Computes; whatever comes of it is the command to append. */
  async #work(claim: Claim, shutdown: AbortSignal): Promise<Command> {
    const { phase, worker, log } = this.#options;
    const about = { phase: phase.name, attempt: claim.attempt, worker };
    const watch = watchClaim(log, { tenant: claim.tenant, run: claim.run, ...about }, shutdown);
    try {
      const result = await runAttempt(this.#options, claim, watch.signal);
      return { do: 'complete', ...about, result };
    } catch (thrown) {
      if (watch.signal.aborted) return { do: 'release', ...about };
      return this.#failure(claim, ForgeError.from(thrown));
    } finally {
      watch.stop();
    }
  }

  /** What an error leads to: the end of the phase, or another attempt. */
  #failure({ run, attempt }: Claim, error: ForgeError): Command {
    const { phase, worker, logger } = this.#options;
    const { code, message } = error;
    logger.error({ run, attempt, err: error }, message);
    const cause = { code, message: message.slice(0, MAX_TEXT_LENGTH) };
    const command = error.retry === 'permanent' ? 'fail' : 'release';
    return { do: command, phase: phase.name, attempt, worker, error: cause };
  }

  /** Appends what came of the work; a finished result waits for a broker that is away. One that no event may carry is a failure. */
  async #append(claim: Claim, command: Command, shutdown: AbortSignal): Promise<Execution> {
    const { tenant, run } = claim;
    const deadline = Date.now() + HOLD_RESULT_MS;
    for (;;) {
      try {
        return await this.#options.log.execute(tenant, run, command);
      } catch (thrown) {
        const error = ForgeError.from(thrown);
        if (error.retry === 'permanent' && command.do === 'complete')
          return this.#append(claim, this.#failure(claim, error), shutdown);
        if (error.retry !== 'transient' || shutdown.aborted || Date.now() > deadline) throw error;
        this.#options.logger.warn({ run, err: error }, 'the result waits for the broker');
        await sleep(HOLD_POLL_MS);
      }
    }
  }

  async #countBytes({ artifacts }: PhaseOutcome): Promise<void> {
    const { store, metrics, logger } = this.#options;
    try {
      for (const { id } of artifacts)
        for (const { sizeBytes } of (await store.manifest(id)).files) metrics.artifacts(sizeBytes);
    } catch (error) {
      logger.warn({ err: error }, 'the bytes of artifacts cannot be counted');
    }
  }

  async #settle({ tenant, run, attempt }: Claim, command: Command, ended: Execution): Promise<Settlement> {
    const { phase, logger } = this.#options;
    if ('nothing' in ended) {
      logger.warn({ run, attempt, why: ended.nothing }, 'the work is discarded');
      const holder = phaseOf(ended.state, phase.name);
      // Another attempt works on this very message; an ack of ours would take it away should that one die.
      const isInWork =
        ended.state.status === 'running' && holder?.status !== 'completed' && holder?.status !== 'failed';
      return isInWork ? { do: 'leave' } : this.#close(tenant, run, { do: 'ack' });
    }
    logger.info({ run, attempt }, ended.event.name);
    if (ended.event.name === 'phase.released') {
      const failures = phaseOf(ended.state, phase.name)?.failures ?? 0;
      return { do: 'retry', delayMs: ended.event.data.error ? retryDelayMs(failures) : 0 };
    }
    const isGivenUp = ended.event.name === 'phase.failed' && command.do === 'release';
    return isGivenUp ? this.#exhausted(tenant, run, ended) : this.#close(tenant, run, { do: 'ack' });
  }

  /** Closes a run whose phase was tried too often, and keeps the message that nobody could handle. */
  #exhausted(tenant: string, run: string, { state }: Execution): Promise<Settlement> {
    const error = phaseOf(state, this.#options.phase.name)?.error;
    const cause = new ForgeError('ATTEMPTS_EXHAUSTED', error?.message ?? 'the phase was tried too often');
    return this.#close(tenant, run, { do: 'bury', cause });
  }

  /** Appends the event that ends the run, if it is due; also when an earlier worker died just before it. */
  async #close(tenant: string, run: string, settlement: Settlement): Promise<Settlement> {
    const { log, logger } = this.#options;
    const closed = await log.execute(tenant, run, { do: 'settle' });
    if ('event' in closed) logger.info({ run }, closed.event.name);
    return settlement;
  }
}

function outcomeOf(ended: Execution): AttemptOutcome {
  if ('nothing' in ended) return 'discarded';
  const { name } = ended.event;
  if (name === 'phase.completed') return 'completed';
  return name === 'phase.released' ? 'released' : 'failed';
}
