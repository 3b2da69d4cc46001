import type { ArtifactName, Json } from '@agent-forge/contracts';
import { weightsDigest, type Expert, type ExpertPack, type Router } from '@agent-forge/model';
import type { PhaseContext } from '../phase.js';
import type { InputModel } from '../shared/input-model.js';
import type { StageProgress } from '../shared/stage-progress.js';
import { domainsOf, everything, type Domain } from './domains.js';
import { readStart, type ExpertStart } from './expert-task.js';
import { readExperts } from './mix-task.js';
import { searchMixtures, type Mixtures } from './mixtures.js';
import type { AdasParams } from './params.js';
import { fitRouter } from './router.js';
import { stageOf, trainExperts } from './train-experts.js';

type Context = PhaseContext<AdasParams>;

/** The base model and all that was made beside it. */
export interface Specialists {
  readonly start: ExpertStart;
  /** Artifact of its decomposition. */
  readonly decomposition: string;
  readonly domains: readonly Domain[];
  readonly pack: ExpertPack & { readonly router: Router };
  readonly mixtures: Mixtures;
  /** One expert for everything, where the recipe wants this control; it is not in the pack. */
  readonly generalist: Expert | undefined;
}

/** The stages of {@link specialise}, by about how long they take. */
export function stagesOf(context: Context, domains: readonly Domain[]): Record<string, number> {
  return {
    decompose: 1,
    ...Object.fromEntries(trained(context, domains).map((domain) => [stageOf(domain), 1])),
    mix: context.params.generations > 0 ? 1 : 0,
  };
}

/** Everything that an expert is trained for: the domains, and where the recipe wants the control, and it is another thing, the whole mix. */
function trained(context: Context, domains: readonly Domain[]): Domain[] {
  const hasControl = context.params.generalist && domainsOf(context).length > 1;
  return [...domains, ...(hasControl ? [everything(context)] : [])];
}

/** Trains an expert for each domain and a router between them, and mixes them. */
export async function specialise(
  context: Context,
  { artifact, model }: InputModel,
  domains: readonly Domain[],
  progress: StageProgress,
): Promise<Specialists> {
  const from = artifact.id;
  const stored = { from, decomposition: await decomposed(context, from, progress) };
  const start = await readStart(stored, context);
  const packs = await trainExperts(context, stored, start, trained(context, domains), progress);
  const made = await expertsOf(context, packs);
  const experts = made.slice(0, domains.length);
  const router = await fitRouter(context, model, domains);
  const mixtures = await searchMixtures(context, stored, domains, packs.slice(0, domains.length), progress);
  const byDomain = Object.fromEntries(mixtures.byDomain);
  const pack = { base: weightsDigest(model.weights), experts, router, mixtures: byDomain };
  const { decomposition } = stored;
  return { start, decomposition, domains, pack, mixtures, generalist: made[domains.length] };
}

/** @returns the id of the stored decomposition */
async function decomposed({ runTasks }: Context, from: string, progress: StageProgress): Promise<string> {
  const [output] = await runTasks('decompose', [{ from }] satisfies Json[], (_, now) => progress.at('decompose', now));
  return output!.artifacts[0]!.id;
}

function expertsOf(context: Context, packs: readonly ArtifactName[]): Promise<Expert[]> {
  return readExperts(
    context,
    packs.map(({ id }) => id),
  );
}
