/** A figure as one reads it: three decimals, and three digits where that would show less of it. */
export function figure(value: number): string {
  return Math.abs(value) < 0.1 ? value.toPrecision(3) : value.toFixed(3);
}
