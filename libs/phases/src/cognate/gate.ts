import type { PhaseOutcome } from '@agent-forge/run';
import type { CognateParams } from './params.js';

/** Every model must be better than chance, and the seeds must differ as far as the recipe asks. (The audit of weights is no gate: it throws.) */
export function gate(
  { metrics }: Pick<PhaseOutcome, 'metrics'>,
  { minAccuracy, minSpecialisation }: CognateParams,
): string[] {
  const { worstLoss = NaN, chanceLoss = NaN, worstAccuracy = 1, specialisation = 1 } = metrics;
  const problems: string[] = [];
  if (!(worstLoss < chanceLoss))
    problems.push(`the worst model's loss is ${worstLoss.toFixed(3)}, not below chance (${chanceLoss.toFixed(3)})`);
  if (worstAccuracy < minAccuracy)
    problems.push(`the worst seed's accuracy is ${worstAccuracy.toFixed(2)}, below minAccuracy ${minAccuracy}`);
  if (specialisation < minSpecialisation)
    problems.push(`specialisation is ${specialisation.toFixed(2)}, below minSpecialisation ${minSpecialisation}`);
  return problems;
}
