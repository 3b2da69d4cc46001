/** The most frequent answer, the earliest of equals; none of none. */
export function mostFrequent(answers: readonly string[]): string[] {
  const counts = countsOf(answers);
  const most = Math.max(0, ...counts.values());
  return [...counts.keys()].filter((answer) => counts.get(answer) === most).slice(0, 1);
}

/** The answers that were given more than once, in their order; all of them where there is no such one. */
export function agreed(answers: readonly string[]): readonly string[] {
  const counts = countsOf(answers);
  const kept = answers.filter((answer) => counts.get(answer)! > 1);
  return kept.length > 0 ? kept : answers;
}

function countsOf(answers: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  return counts;
}
