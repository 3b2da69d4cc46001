import type { ClaimContext, PhaseClaim } from './claim.js';
import { skillOf } from './claim.js';

/** What the models say that went on: each comparison that the phase's report makes with a control, on everything. The control is as it was. */
export async function comparedClaims({ report, row }: Pick<ClaimContext, 'report' | 'row'>): Promise<PhaseClaim[]> {
  const { rows, results = [], comparisons } = report;
  const measured = new Map(rows.map((each) => [each.name, skillOf(each)]));
  const now = skillOf(row);
  return comparisons.flatMap(({ better, than, difference }): PhaseClaim[] => {
    const [value, control] = [measured.get(better), measured.get(than)];
    if (!results.includes(better) || !value || !control || !now || now.unit !== value.unit) return [];
    const metric = value.unit === 'share' ? 'accuracy' : value.unit;
    return [
      {
        ...{ metric, control: than, unit: value.unit, gained: difference.low > 0 },
        then: { value: value.value, control: control.value },
        now: { value: now.value, control: control.value },
      },
    ];
  });
}
