import 'reflect-metadata';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { create } from '@bufbuild/protobuf';
import { jetstreamManager } from '@nats-io/jetstream';
import { Catch, Controller, Module, UseFilters, type INestMicroservice, type RpcExceptionFilter } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventPattern, Payload, type MicroserviceOptions } from '@nestjs/microservices';
import { throwError, type Observable } from 'rxjs';
import { ForgeError, RecipeSchema, type EventOf } from '@agent-forge/contracts';
import { PhaseQueue } from './queue/phase-queue.js';
import { RunLog } from './run-log.js';
import type { Settlement } from './settlement.js';
import { DEAD_STREAM, LOG_STREAM } from './stream-names.js';
import { startTestBroker, type TestBroker } from './testing.js';
import { JetStreamStrategy } from './transport.js';

/** What the handler saw, and what it does next. */
const seen: string[] = [];
let answers: (() => Promise<Settlement>)[] = [];
const errors: string[] = [];

@Catch()
class PassErrors implements RpcExceptionFilter {
  catch(error: unknown): Observable<never> {
    return throwError(() => error);
  }
}

@Controller()
@UseFilters(PassErrors)
class Handler {
  @EventPattern<string>('run.requested')
  requested(@Payload() event: EventOf<'run.requested'>): Promise<Settlement> {
    seen.push(event.run);
    return (answers.shift() ?? (async () => ({ do: 'ack' as const })))();
  }
}

@Module({ controllers: [Handler] })
class HandlerModule {}

let broker: TestBroker;
let log: RunLog;
let app: INestMicroservice;
beforeAll(async () => {
  broker = await startTestBroker();
  log = new RunLog(broker.connection, '/agentforge/test');
  const queue = await PhaseQueue.open(broker.connection, 'one');
  const onError = (error: ForgeError) => errors.push(error.code);
  const strategy = new JetStreamStrategy({ connection: broker.connection, queue, onError });
  app = await NestFactory.createMicroservice<MicroserviceOptions>(HandlerModule, { strategy, logger: false });
  await app.listen();
});
afterAll(async () => {
  await app?.close();
  await broker?.stop();
});

async function handled(run: string, deliveries: number): Promise<void> {
  const recipe = create(RecipeSchema, { phases: [{ phase: 'one' }] });
  await log.execute('t1', run, { do: 'request', recipe, requestedBy: 'test' });
  for (let i = 0; i < 1_600; i++) {
    const { num_pending, num_ack_pending } = await (
      await jetstreamManager(broker.connection)
    ).consumers.info(LOG_STREAM, 'phase-one-t1');
    if (num_pending + num_ack_pending === 0 && seen.filter((name) => name === run).length >= deliveries) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`${run} was not settled after ${seen.filter((name) => name === run).length} deliveries`);
}

const times = (run: string) => seen.filter((name) => name === run).length;

test('an event is handed to the method that its name says, once, and acknowledged', async () => {
  await handled('plain', 1);
  expect(times('plain')).toBe(1);
});

test('a transient error and a wish for another try deliver it again', async () => {
  answers = [
    () => Promise.reject(new ForgeError('STORE_UNAVAILABLE', 'not now')),
    async () => ({ do: 'retry', delayMs: 10 }),
  ];
  await handled('again', 3);
  expect(times('again')).toBe(3);
  expect(errors).toEqual(['STORE_UNAVAILABLE']);
});

test('a permanent error, and an error that is none of ours, are told apart', async () => {
  answers = [() => Promise.reject(new ForgeError('DATA_INVALID', 'never'))];
  await handled('never', 1);
  const letter = await (
    await jetstreamManager(broker.connection)
  ).direct.getMessage(DEAD_STREAM, { last_by_subj: 'forge.dead.t1.never.>' });
  expect(letter!.header.get('Forge-Code')).toBe('DATA_INVALID');
  answers = [() => Promise.reject(new TypeError('a bug'))];
  await handled('bug', 2);
  expect(times('bug')).toBe(2);
});

test('a message that was left alone comes again when its deadline is over', async () => {
  answers = [async () => ({ do: 'leave' })];
  await handled('left', 2);
  expect(times('left')).toBe(2);
});
