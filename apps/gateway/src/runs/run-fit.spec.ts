import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { RunRequest } from '@agent-forge/contracts';
import { cancelRun, createRun, listRuns, type Connection } from '@agent-forge/sdk';
import { World } from '../testing/world.js';

let world: World;
let client: Connection;

beforeAll(async () => {
  world = await World.create();
  client = await world.connect();
}, 60_000);

afterAll(() => world.destroy());

const request = (params: Record<string, number>, budget: NonNullable<RunRequest['budget']> = {}): RunRequest => ({
  families: { add: 1, copy: 1 },
  phases: [{ phase: 'cognate', params }, { phase: 'evomerge' }],
  budget,
});

describe('a run that cannot fit is refused before any work:', () => {
  test.each<[string, RunRequest, RegExp]>([
    [
      'too long',
      request({ maxSeconds: 3600 }, { seconds: 60 }),
      /s of time \(cognate \d+ s, evomerge \d+ s\), over its budget of 60 s/,
    ],
    [
      'too many steps',
      request({ steps: 10_000_000 }, { seconds: 60 }),
      /over its budget of 60 s; raise budget\.seconds/,
    ],
    [
      'too much memory',
      request({ rows: 4096, rowLength: 128 }, { memoryMib: 1024 }),
      /MiB of memory .*over its budget of 1024 MiB/,
    ],
    [
      'too much disk',
      request({ hiddenSize: 1024, layers: 8, heads: 8 }, { diskMib: 100 }),
      /MiB of disk .*over its budget of 100 MiB/,
    ],
    [
      'more than this machine has',
      request({ hiddenSize: 8192, layers: 128, heads: 64, steps: 3 }),
      /MiB that are free here/,
    ],
  ])(
    '%s',
    async (_, body, message) => {
      await expect(createRun(client, body)).rejects.toMatchObject({
        code: 'BUDGET_EXCEEDED',
        message: expect.stringMatching(message),
      });
      const runs = [];
      for await (const run of listRuns(client)) runs.push(run);
      expect(runs).toEqual([]);
    },
    60_000,
  );
});

test('a run that fits its budget is accepted', async () => {
  const { id } = await createRun(client, request({ maxSeconds: 30 }, { seconds: 600, memoryMib: 4096, diskMib: 4096 }));
  await cancelRun(client, id);
});
