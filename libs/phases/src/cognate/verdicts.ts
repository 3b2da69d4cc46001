/** Whether a model of this phase is one of those that are to be merged, by its role. */
export const isSeed = (role: string): boolean => role.startsWith('seed-');

/** What was measured of the models, all on the same items or texts. */
export interface Losses {
  /** By role. */
  readonly losses: ReadonlyMap<string, number>;
  /** Of the plain average of the seeds; undefined where they have none. */
  readonly average: number | undefined;
  /** Share of the families on which their own seed is the best; undefined on text alone. */
  readonly share: number | undefined;
  readonly unit: 'nats per token' | 'bits per byte';
}

/**
 * What may be said of the seeds and their plain average, as sentences. An average that is better than the seeds are on average is no merit where some of
 * them are bad, so the best seed and the trunk stand beside it.
 */
export function verdictsOf({ losses, average, share, unit }: Losses): string[] {
  const seeds = [...losses].filter(([role]) => isSeed(role));
  const trunk = losses.get('trunk');
  return [
    ...(average === undefined
      ? ['the models differ in shape: they have no plain average']
      : averageVerdicts(average, seeds, trunk, unit)),
    ...(trunk === undefined ? [] : seeds.filter(([, loss]) => loss > trunk).map((seed) => worseThanTrunk(seed, trunk))),
    ...(share === undefined ? [] : [`on ${(100 * share).toFixed(0)} % of the families their own seed is the best`]),
  ];
}

type Seed = readonly [role: string, loss: number];

function averageVerdicts(
  average: number,
  seeds: readonly Seed[],
  trunk: number | undefined,
  unit: Losses['unit'],
): string[] {
  const mean = seeds.reduce((sum, [, loss]) => sum + loss, 0) / seeds.length;
  const [best, lowest] = seeds.reduce((a, b) => (b[1] < a[1] ? b : a));
  const beside = trunk === undefined ? '' : `, the trunk ${text(trunk)}`;
  return [
    `the plain average of the seeds loses ${difference(average, mean, unit)} they do on average`,
    `${best}, the best of them, loses ${text(lowest)}, the plain average ${text(average)}${beside}`,
  ];
}

function worseThanTrunk([role, loss]: Seed, trunk: number): string {
  return `${role} has become worse than the trunk that it was trained from: it loses ${text(loss)}, the trunk ${text(trunk)}`;
}

function difference(one: number, other: number, unit: string): string {
  const more = text(Math.abs(one - other));
  return Number(more) === 0 ? 'as much as' : `${more} ${unit} ${one > other ? 'more' : 'less'} than`;
}

function text(loss: number): string {
  return loss.toFixed(3);
}
