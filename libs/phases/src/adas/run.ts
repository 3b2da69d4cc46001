import { usesExperts } from '@agent-forge/agents';
import type { ArtifactName } from '@agent-forge/contracts';
import type { PhaseOutcome } from '@agent-forge/run';
import { paramError } from '../param-mistakes.js';
import type { PhaseContext } from '../phase.js';
import { assertTrainable } from '../shared/assert-trainable.js';
import { readInputModel, type InputModel } from '../shared/input-model.js';
import { storeReport } from '../shared/report.js';
import { StageProgress } from '../shared/stage-progress.js';
import { agentFindings, archiveOf } from './agents/agent-report.js';
import { AGENTS_STAGE, findAgents, hasSearch } from './agents/find-agents.js';
import type { AgentSearchResult } from './agents/search-agents.js';
import { applied, assertApplicable, type Applied } from './apply.js';
import { check } from './check.js';
import { chooseDomains } from './domains.js';
import { panelOf } from './measure.js';
import { measureRows } from './measure-rows.js';
import type { AdasParams } from './params.js';
import { reportOf } from './report.js';
import { dispatchAccuracy, routesOf } from './routes.js';
import { specialise, stagesOf, type Specialists } from './specialise.js';
import { storeModel, storePack, storeWithAgent } from './store.js';

type Context = PhaseContext<AdasParams>;

/** Everything that was made, before it is measured. */
interface Made extends Specialists {
  readonly input: InputModel;
  readonly experts: ArtifactName;
  /** What went into the weights; undefined for nothing. */
  readonly result: Applied | undefined;
}

/** Trains experts beside the model, searches the way to answer with them, measures everything, and hands on what the recipe says. */
export async function run(context: Context): Promise<PhaseOutcome> {
  const { params, families } = context;
  const [mistake] = check(params, families);
  if (mistake) throw paramError('adas', mistake);
  const input = await readInputModel('adas', context);
  assertTrainable('adas', input.model, params.method === 'next-token' ? params.rowLength : 0);
  const domains = await chooseDomains(context, input.model);
  assertApplicable(context, domains);
  const stages = { ...stagesOf(context, domains), [AGENTS_STAGE]: hasSearch(context) ? 1 : 0, measure: 1 };
  const progress = new StageProgress(context.report, stages);
  const specialists = await specialise(context, input, domains, progress);
  const experts = await storePack(context, specialists.pack, input.artifact.id);
  const made = { ...specialists, input, experts, result: await applied(context, specialists) };
  const search = await searched(context, made, progress);
  const panel = await panelOf(context);
  const routes = await routesOf(context, specialists, panel);
  const measured = await measureRows(context, panel, { ...specialists, routes, applied: made.result?.model }, progress);
  const { files } = await context.artifacts.manifest(experts.id);
  const { report, metrics } = reportOf({
    ...{ panel, domains, measured, applied: made.result?.words },
    dispatchAccuracy: dispatchAccuracy(panel, domains, routes),
    figures: {
      mixtureEvaluations: specialists.mixtures.evaluations,
      packBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    },
    agents: search && agentFindings(search),
  });
  const first = await goesOn(context, made, search, metrics);
  const parents = [first.id, experts.id];
  const archive = search ? { 'agents.json': archiveOf(search.search) } : {};
  const stored = await storeReport(context, report, parents, metrics, archive);
  return { artifacts: [first, experts, stored], metrics };
}

/** The search for an agent of the model that goes on. Experts are for the weights that came in, so other weights have none. */
async function searched(
  context: Context,
  { input, experts, result, decomposition, domains }: Made,
  progress: StageProgress,
): Promise<AgentSearchResult | undefined> {
  if (!hasSearch(context)) return undefined;
  if (result) {
    const { id } = await storeModel(context, result.model, [input.artifact.id, experts.id], {});
    return findAgents(context, { id, model: result.model, experts: undefined }, progress);
  }
  const names = domains.map(({ name }) => name);
  const beside = { pack: experts.id, decomposition, names };
  return findAgents(context, { id: input.artifact.id, model: input.model, experts: beside }, progress);
}

/** The model that goes on: the one that came in, or with experts in its weights, or with an agent beside it. */
async function goesOn(
  context: Context,
  { input, experts, result }: Made,
  search: AgentSearchResult | undefined,
  metrics: Record<string, number>,
): Promise<ArtifactName> {
  const from = input.artifact;
  const model = result
    ? await storeModel(context, result.model, [from.id, experts.id], metrics)
    : { ...from, role: 'adapted' };
  const agent = search?.choice?.agent.agent;
  if (agent === undefined) return model;
  return storeWithAgent(context, model, agent, usesExperts(agent) ? experts : undefined, metrics);
}
