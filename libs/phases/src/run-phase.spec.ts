import { describe, expect, test } from '@jest/globals';
import { ForgeError } from '@agent-forge/contracts';
import { definePhase, paramsOf, type Phase, type PhaseContext } from './phase.js';
import { runPhase, type Bounds } from './run-phase.js';

const outcome = (role: string) => ({
  artifacts: [{ id: 'a'.repeat(64), kind: 'report', role }],
  metrics: { quality: role === 'good' ? 1 : 0 },
});

/** A phase that does what a test says; the gate wants quality 1. */
function phaseThat(
  run: () => Promise<ReturnType<typeof outcome>>,
  fallback?: () => Promise<ReturnType<typeof outcome>>,
): Phase {
  return definePhase({
    name: 'hash',
    module: import.meta.url,
    consumes: { atLeast: 0, data: false },
    produces: [],
    params: paramsOf({}),
    resources: { cpus: 1, memoryMiB: 1 },
    run,
    gate: ({ metrics }) => (metrics['quality'] === 1 ? [] : ['quality is below 1']),
    fallback: fallback ? { name: 'plain-average', run: fallback } : null,
  });
}

const context = (allowFallback: boolean, signal = new AbortController().signal) =>
  ({ allowFallback, signal, params: {}, note: async () => undefined }) as unknown as PhaseContext;
const good = async () => outcome('good');
const bad = async () => outcome('bad');
const broken = async () => {
  throw new ForgeError('DIVERGED', 'the loss is NaN');
};

test('what fails its gate is named in a note, and the failure has it', async () => {
  const notes: unknown[] = [];
  const noting = { ...context(false), note: async (note: unknown) => void notes.push(note) } as PhaseContext;
  const measured = { ...outcome('report'), metrics: { quality: 0 } };
  await expect(runPhase(phaseThat(async () => measured), noting)).rejects.toMatchObject({ code: 'GATE_FAILED', rejected: measured }); // prettier-ignore
  expect(notes).toEqual([
    {
      code: 'REJECTED_REPORT',
      message: `what hash measured is in artifact ${'a'.repeat(64)}`,
      metrics: { quality: 0 },
    },
  ]);
});

describe('a phase', () => {
  test('passes on what passes its gate', async () => {
    expect(await runPhase(phaseThat(good), context(false))).toEqual(outcome('good'));
  });

  test('that does not pass its gate fails, with the reason', async () => {
    await expect(runPhase(phaseThat(bad, good), context(false))).rejects.toMatchObject({
      code: 'GATE_FAILED',
      message: expect.stringContaining('quality is below 1'),
    });
  });

  test('that fails takes its fallback only when the recipe allows it, and says so', async () => {
    const degraded = await runPhase(phaseThat(broken, good), context(true));
    expect(degraded).toEqual({ ...outcome('good'), degraded: 'plain-average, because the loss is NaN' });
    expect(await runPhase(phaseThat(bad, good), context(true))).toMatchObject({
      degraded: expect.stringContaining('quality is below 1'),
    });
    await expect(runPhase(phaseThat(broken, good), context(false))).rejects.toMatchObject({ code: 'DIVERGED' });
    await expect(runPhase(phaseThat(broken), context(true))).rejects.toMatchObject({ code: 'DIVERGED' });
  });

  test('whose fallback is no better fails all the same', async () => {
    await expect(runPhase(phaseThat(broken, bad), context(true))).rejects.toMatchObject({
      code: 'GATE_FAILED',
      message: expect.stringMatching(/^the loss is NaN; the fallback plain-average failed as well: .*below 1/),
    });
  });

  test("is held to the recipe's bounds as well", async () => {
    const within = { quality: { min: 0.5, max: 1 } };
    expect(await runPhase(phaseThat(good), context(false), within)).toEqual(outcome('good'));
    const refusals: [Bounds, string][] = [
      [{ quality: { min: 1.5 } }, "quality is 1, below the recipe's 1.5"],
      [{ quality: { max: 0.5 } }, "quality is 1, not within the recipe's 0.5"],
      [{ speed: { min: 1 } }, 'it has no metric speed, only quality'],
    ];
    for (const [bounds, message] of refusals)
      await expect(runPhase(phaseThat(good), context(false), bounds)).rejects.toMatchObject({
        code: 'GATE_FAILED',
        message: expect.stringContaining(message),
      });
    // A fallback that the recipe would not take either is none.
    await expect(runPhase(phaseThat(broken, good), context(true), { quality: { min: 2 } })).rejects.toMatchObject({
      code: 'GATE_FAILED',
    });
  });

  test('that met a transient error, or is no longer wanted, takes no fallback', async () => {
    const full = async () => {
      throw new ForgeError('STORE_UNAVAILABLE', 'disk full');
    };
    await expect(runPhase(phaseThat(full, good), context(true))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await expect(runPhase(phaseThat(broken, good), context(true, AbortSignal.abort()))).rejects.toMatchObject({
      code: 'DIVERGED',
    });
  });
});
