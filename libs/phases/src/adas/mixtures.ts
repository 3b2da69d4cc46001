import type { ArtifactName, Json } from '@agent-forge/contracts';
import type { Mixture } from '@agent-forge/model';
import type { PhaseContext } from '../phase.js';
import { MEASURED_BYTES } from '../shared/limits.js';
import type { StageProgress } from '../shared/stage-progress.js';
import type { Domain } from './domains.js';
import type { MixInput, MixOutput } from './mix-task.js';
import { APPLY, type AdasParams } from './params.js';
import type { StoredStart } from './train-experts.js';

type Context = PhaseContext<AdasParams>;

/** Text that a mixture is searched with, as a part of what models are measured on. */
const TEXT_SHARE = 1 / 16;

/** What was found for each domain, and for the whole mix where that is to be applied. */
export interface Mixtures {
  readonly byDomain: ReadonlyMap<string, Mixture>;
  readonly whole: Mixture | undefined;
  readonly evaluations: number;
}

/** Searches mixtures of the experts; none where the recipe says no generations. */
export async function searchMixtures(
  context: Context,
  stored: StoredStart,
  domains: readonly Domain[],
  experts: readonly ArtifactName[],
  progress: StageProgress,
): Promise<Mixtures> {
  const { params, families, data, seed } = context;
  const { shots, generations, population, eliteShare } = params;
  if (generations === 0) return { byDomain: new Map(), whole: undefined, evaluations: 0 };
  const whole = params.apply === APPLY.mixture ? [{ families, data }] : [];
  const targets = [...domains, ...whole];
  const inputs = targets.map((target): MixInput => ({
    ...stored,
    experts: experts.map(({ id }) => id),
    families: target.families,
    data: target.data.map(({ name, artifactId }) => ({ name, artifactId })),
    textBytes: Math.round(TEXT_SHARE * MEASURED_BYTES),
    ...{ shots, generations, population, eliteShare, seed },
  }));
  const done = new Map<number, number>();
  const outputs = await context.runTasks('mix', inputs as unknown as Json[], (i, { fraction }) => {
    done.set(i, fraction);
    progress.at('mix', { fraction: [...done.values()].reduce((sum, each) => sum + each, 0) / targets.length });
  });
  const found = outputs.map(({ value }) => value as unknown as MixOutput);
  return {
    byDomain: new Map(domains.map(({ name }, i) => [name, found[i]!.mixture])),
    whole: whole.length > 0 ? found.at(-1)!.mixture : undefined,
    evaluations: found.reduce((sum, { evaluations }) => sum + evaluations, 0),
  };
}
