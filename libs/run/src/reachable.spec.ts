import { create } from '@bufbuild/protobuf';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ArtifactRefSchema, RecipeSchema } from '@agent-forge/contracts';
import { collectableBefore, reachable } from './reachable.js';
import { waitingPhase, type PhaseState, type RunState } from './state.js';

const HOUR_MS = 3_600_000;
const ref = (id: string) => create(ArtifactRefSchema, { id, kind: 'model', role: 'x' });
const idOf = (n: number) => n.toString(16).padStart(64, '0');

function runWith(
  phases: PhaseState[],
  fields: Partial<RunState> = {},
  names: Partial<Record<'data' | 'models', string[]>> = {},
): RunState {
  const sources = (ids: string[] = []) => ids.map((artifactId, i) => ({ name: `n${i}`, artifactId }));
  return {
    tenant: 't1',
    run: 'r1',
    status: 'running',
    sequence: 1,
    recipe: create(RecipeSchema, { data: sources(names.data), models: sources(names.models) }),
    requestedBy: 'test',
    requestedAt: '2026-01-01T00:00:00Z',
    phases,
    artifacts: [],
    ...fields,
  };
}

describe('an artifact is reachable', () => {
  const [data, model, made, saved, result, parent, origin, other] = Array.from({ length: 8 }, (_, i) => idOf(i)) as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  const manifests = new Map([
    [made, { parents: [parent], data: [data] }],
    [parent, { parents: [origin], data: [] }],
    [other, { parents: [made], data: [origin] }],
  ]);
  const manifestOf = (id: string) => {
    const lineage = manifests.get(id);
    return lineage && { lineage: { ...lineage, phase: 'x', params: {}, seed: 1, codeVersion: 'test', metrics: {} } };
  };

  test('when a run names it, or what it names was made from it; nothing else is', () => {
    const phases: PhaseState[] = [
      { ...waitingPhase('one'), status: 'completed', artifacts: [ref(made)] },
      { ...waitingPhase('two'), status: 'claimed', checkpoint: { state: {}, artifacts: [ref(saved)] } },
    ];
    const run = runWith(phases, { artifacts: [ref(result)] }, { data: [data], models: [model] });
    const all = [data, model, made, saved, result, parent, origin];
    expect([...reachable([run], manifestOf)].sort()).toEqual([...all].sort());
    expect(reachable([], manifestOf)).toEqual(new Set());
    expect(reachable([], manifestOf, [other])).toEqual(new Set([other, made, parent, data, origin]));
  });

  test('however lineages are tangled: exactly what one can walk to', () => {
    const count = 12;
    const node = fc.integer({ min: 0, max: count - 1 });
    const graph = fc.array(fc.tuple(node, node, fc.boolean()), { maxLength: 30 });
    fc.assert(
      fc.property(
        graph,
        fc.array(node, { maxLength: 3 }),
        fc.array(node, { maxLength: 3 }),
        (edges, named, missing) => {
          const lineageOf = (n: number, kind: boolean) =>
            edges.filter(([from, , isParent]) => from === n && isParent === kind).map(([, to]) => idOf(to));
          const runs = named.map((n) => runWith([{ ...waitingPhase('one'), artifacts: [ref(idOf(n))] }]));
          const lookup = (id: string) => {
            const n = parseInt(id, 16);
            if (missing.includes(n)) return undefined;
            const lineage = { parents: lineageOf(n, true), data: lineageOf(n, false) };
            return { lineage: { ...lineage, phase: 'x', params: {}, seed: 1, codeVersion: 'test', metrics: {} } };
          };
          // The other way round: relax until nothing changes.
          const oracle = new Set(named);
          for (let round = 0; round < count; round++)
            for (const [from, to] of edges) if (oracle.has(from) && !missing.includes(from)) oracle.add(to);
          expect(reachable(runs, lookup)).toEqual(new Set([...oracle].map(idOf)));
        },
      ),
      { seed: 4, numRuns: 500 },
    );
  });
});

describe('what may be garbage was put', () => {
  const nowMs = Date.parse('2026-01-03T00:00:00Z');
  const started = (startedAt: string, status: PhaseState['status'] = 'claimed') => ({
    ...waitingPhase('one'),
    status,
    startedAt,
  });

  test('before the grace', () => {
    expect(collectableBefore([], nowMs, 24 * HOUR_MS)).toBe(nowMs - 24 * HOUR_MS);
    const young = runWith([started('2026-01-02T23:00:00Z')]);
    expect(collectableBefore([young], nowMs, 24 * HOUR_MS)).toBe(nowMs - 24 * HOUR_MS);
  });

  test('before the oldest phase that is at work began, released and paused ones too', () => {
    const old = '2026-01-01T06:00:00Z';
    for (const [phase, status] of [
      [started(old), 'running'],
      [started(old, 'released'), 'running'],
      [started(old), 'paused'],
    ] as const)
      expect(collectableBefore([runWith([phase], { status })], nowMs, 24 * HOUR_MS)).toBeLessThan(Date.parse(old));
  });

  test('whenever, for runs that have ended and phases that have', () => {
    const old = '2026-01-01T06:00:00Z';
    for (const run of [
      runWith([started(old, 'failed')], { status: 'failed' }),
      runWith([started(old)], { status: 'cancelled' }),
      runWith([started(old, 'completed'), waitingPhase('two')]),
    ])
      expect(collectableBefore([run], nowMs, 24 * HOUR_MS)).toBe(nowMs - 24 * HOUR_MS);
  });
});
