import { skillOf, type ClaimContext, type PhaseClaim } from '../shared/claims/claim.js';

/** What a seed is compared with: one model that was trained on everything for as long, or where there is none the trunk. */
const CONTROLS = ['generalist', 'trunk'];

/** The best seed on everything, beside its control; the final model in the seed's place. */
export async function claims({ report, row }: Pick<ClaimContext, 'report' | 'row'>): Promise<PhaseClaim[]> {
  const { rows, results = [] } = report;
  const control = CONTROLS.flatMap((name) => rows.find((each) => each.name === name) ?? [])[0];
  const seeds = rows.filter(({ name }) => results.includes(name));
  const best = seeds.toSorted((a, b) => goodness(b) - goodness(a))[0];
  const [value, beside, now] = [best, control, row].map((each) => each && skillOf(each));
  if (!value || !beside || !now || now.unit !== value.unit) return [];
  const metric = value.unit === 'share' ? 'accuracy of the best seed' : 'bits per byte of the best seed';
  return [
    {
      ...{ metric, control: control!.name, unit: value.unit },
      then: { value: value.value, control: beside.value },
      now: { value: now.value, control: beside.value },
    },
  ];
}

function goodness({ accuracy, bitsPerByte = 0 }: ClaimContext['row']): number {
  return accuracy?.estimate ?? -bitsPerByte;
}
