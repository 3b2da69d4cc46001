import type { ConformanceReport } from './conformance.js';

/** What a run has sent and found, for people: equal findings once, with how often and how to repeat one. */
export function describeReport({ sent, byRoute, byKind, byStatus, findings }: ConformanceReport, seed: number): string {
  const lines = [`seed ${seed}: ${sent} requests, ${findings.length} findings`];
  for (const counts of [byRoute, byKind, byStatus])
    lines.push(
      Object.entries(counts)
        .map(([name, count]) => `${name} ${count}`)
        .join(', '),
    );
  const kinds = new Map<string, { count: number; curl: string; answer: string }>();
  for (const { route, kind, problem, curl, answer } of findings) {
    const key = `${route} | ${kind} | ${problem}`;
    kinds.set(key, { count: (kinds.get(key)?.count ?? 0) + 1, curl, answer });
  }
  for (const [key, { count, curl, answer }] of kinds) lines.push(`${count} x ${key}\n    ${curl}\n    ${answer}`);
  return lines.join('\n');
}
