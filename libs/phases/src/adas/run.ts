import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { ForgeError, type ArtifactName, type Json } from '@agent-forge/contracts';
import {
  assertAudit,
  auditWeights,
  mixtureScales,
  weightsDigest,
  writeExpertPack,
  writeModelFolder,
  type Expert,
  type ExpertPack,
  type Mixture,
  type Model,
  type Router,
} from '@agent-forge/model';
import type { PhaseOutcome } from '@agent-forge/run';
import { paramError } from '../param-mistakes.js';
import type { PhaseContext } from '../phase.js';
import { readInputModel, type InputModel } from '../shared/input-model.js';
import { lineageOf } from '../shared/lineage.js';
import { storeReport } from '../shared/report.js';
import { StageProgress } from '../shared/stage-progress.js';
import { check } from './check.js';
import { chooseDomains, type Domain } from './domains.js';
import { readStart, type ExpertStart } from './expert-task.js';
import { panelOf, type Panel } from './measure.js';
import { measureRows, scaledModel } from './measure-rows.js';
import { readExperts } from './mix-task.js';
import { searchMixtures } from './mixtures.js';
import { APPLY, type AdasParams } from './params.js';
import { reportOf, type AdasResult } from './report.js';
import { fitRouter, itemPrompts, route, textPrompt } from './router.js';
import { stageOf, trainExperts } from './train-experts.js';

type Context = PhaseContext<AdasParams>;

/** Trains an expert for each domain and a router between them, mixes them, measures everything, and hands on what the recipe says. */
export async function run(context: Context): Promise<PhaseOutcome> {
  const { params, families } = context;
  const [mistake] = check(params, families);
  if (mistake) throw paramError('adas', mistake);
  const input = await readInputModel('adas', context);
  assertTrainable(input.model);
  const domains = await chooseDomains(context, input.model);
  const progress = progressOf(context, domains);
  const from = input.artifact.id;
  const decomposition = await decomposed(context, from, progress);
  const stored = { from, decomposition };
  const start = await readStart(stored, context);
  const packs = await trainExperts(context, stored, start, domains, progress);
  const experts = await readExperts(
    context,
    packs.map(({ id }) => id),
  );
  const router = await fitRouter(context, input.model, domains);
  const mixtures = await searchMixtures(context, stored, domains, packs, progress);
  const { mixture, words } = appliedMixture(params, experts, mixtures.whole);
  const applied = mixture && (await scaledModel(context, start, mixtureScales({ experts }, mixture)));
  if (applied) assertAudit(await auditWeights(applied.config, applied.weights), 'the model with its experts');
  const panel = await panelOf(context);
  const routes = await routesOf(context, start, router, panel);
  const contestants = { start, domains, experts, routes, mixtures: mixtures.byDomain, applied };
  const measured = await measureRows(context, panel, contestants, progress);
  return conclude(context, input, {
    pack: { base: weightsDigest(start.model.weights), experts, router },
    applied,
    result: {
      ...{ panel, domains, measured, applied: words },
      dispatchAccuracy: dispatchAccuracy(panel, domains, routes),
      figures: { mixtureEvaluations: mixtures.evaluations },
    },
  });
}

/** Scaled ternary weights are ternary again only where the model still quantises them. */
function assertTrainable({ config }: Model): void {
  if (config.ternary?.mode === 'offline')
    throw new ForgeError(
      'INVALID_ARGUMENT',
      'the weights of this model are ternary for good (packed); adas works on those that it was trained with',
    );
}

function progressOf({ params, report }: Context, domains: readonly Domain[]): StageProgress {
  return new StageProgress(report, {
    decompose: 1,
    ...Object.fromEntries(domains.map((domain) => [stageOf(domain), 1])),
    mix: params.generations > 0 ? 1 : 0,
    measure: 1,
  });
}

/** @returns the id of the stored decomposition */
async function decomposed(context: Context, from: string, progress: StageProgress): Promise<string> {
  const [output] = await context.runTasks('decompose', [{ from }] satisfies Json[], (_, now) =>
    progress.at('decompose', now),
  );
  return output!.artifacts[0]!.id;
}

/** What the recipe wants in the weights, in numbers and in words; neither where it is nothing. */
function appliedMixture(
  { apply }: AdasParams,
  experts: readonly Expert[],
  whole: Mixture | undefined,
): { mixture?: Mixture; words?: string } {
  if (apply === APPLY.nothing) return {};
  if (apply === APPLY.mixture) return { mixture: whole!, words: `the mixture ${inWords(whole!)}` };
  const mixture = typeof apply === 'string' ? { [apply]: 1 } : apply;
  const missing = Object.keys(mixture).find((name) => !experts.some((expert) => expert.name === name));
  if (missing !== undefined) {
    const known = experts.map(({ name }) => name).join(', ');
    throw paramError('adas', { path: ['apply'], problem: `names ${missing}, and the experts are ${known}` });
  }
  return { mixture, words: typeof apply === 'string' ? `the expert ${apply}` : `the mixture ${inWords(mixture)}` };
}

function inWords(mixture: Mixture): string {
  return Object.entries(mixture)
    .map(([name, part]) => `${part.toFixed(2)} ${name}`)
    .join(' + ');
}

/** Where the router sends everything that is measured. */
async function routesOf(context: Context, { model }: ExpertStart, router: Router, { items, texts }: Panel) {
  const ofItems = items.length > 0 ? await route(context, model, router, itemPrompts(model, items)) : [];
  // Text beside task families is not routed.
  const isText = items.length === 0;
  const prompts = isText ? texts.map((text) => textPrompt(model, text)) : [];
  return { items: ofItems, texts: isText ? await route(context, model, router, prompts) : texts.map(() => undefined) };
}

/** Part of the questions that reach the expert of their domain, or none where there is none. */
function dispatchAccuracy(
  { items, textDomains }: Panel,
  domains: readonly Domain[],
  routes: Awaited<ReturnType<typeof routesOf>>,
): number {
  const isText = items.length === 0;
  const asked = isText ? textDomains : items.map(({ family }) => family);
  const sent = isText ? routes.texts : routes.items;
  const expertOf = new Map(domains.map(({ name }) => [name, name]));
  return asked.filter((domain, i) => sent[i] === expertOf.get(domain)).length / asked.length;
}

async function conclude(
  context: Context,
  input: InputModel,
  { pack, applied, result }: { pack: ExpertPack; applied: Model | undefined; result: AdasResult },
): Promise<PhaseOutcome> {
  const dir = join(context.workDir, 'experts');
  await writeExpertPack(dir, pack);
  const experts = await context.artifacts.putFolder(dir, 'experts', {
    kind: 'expert-pack',
    lineage: lineageOf('adas', context, [input.artifact.id], {}),
  });
  const { files } = await context.artifacts.manifest(experts.id);
  const packBytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const { report, metrics } = reportOf({ ...result, figures: { ...result.figures, packBytes } });
  const model = applied
    ? await store(context, applied, [input.artifact.id, experts.id], metrics)
    : { ...input.artifact, role: 'adapted' };
  const made = [model, experts];
  return {
    artifacts: [
      ...made,
      await storeReport(
        context,
        report,
        made.map(({ id }) => id),
        metrics,
      ),
    ],
    metrics,
  };
}

async function store(
  context: Context,
  model: Model,
  parents: readonly string[],
  metrics: Record<string, number>,
): Promise<ArtifactName> {
  const dir = join(await mkdtemp(join(context.workDir, 'result-')), 'adapted');
  await writeModelFolder(dir, model);
  return context.artifacts.putFolder(dir, 'adapted', {
    kind: 'model',
    lineage: lineageOf('adas', context, parents, metrics),
  });
}
