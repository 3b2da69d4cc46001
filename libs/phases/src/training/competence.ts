/**
 * How much of a curriculum, from its easiest item, is open at a step: c(t) = min(1, √(t·(1 − c₀²)/T + c₀²)) (Platanios et al. 2019,
 * arXiv:1903.09848, equation 7, the root of p = 2).
 * @param step t, 0 at the beginning
 * @param steps T, from which everything is open
 * @param start c₀
 */
export function competence(step: number, steps: number, start: number): number {
  if (step >= steps) return 1;
  return Math.min(1, Math.sqrt((step * (1 - start ** 2)) / steps + start ** 2));
}
