import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AGENT_FILE, type AgentDocument } from '@agent-forge/agents';
import type { ArtifactName } from '@agent-forge/contracts';
import { EXPERTS_FOLDER, writeExpertPack, writeModelFolder, type ExpertPack, type Model } from '@agent-forge/model';
import type { PhaseContext } from '../phase.js';
import { lineageOf } from '../shared/lineage.js';
import type { AdasParams } from './params.js';

type Context = PhaseContext<AdasParams>;
type Metrics = Readonly<Record<string, number>>;

/** Stores the experts and their router. */
export async function storePack(context: Context, pack: ExpertPack, parent: string): Promise<ArtifactName> {
  const dir = join(await mkdtemp(join(context.workDir, 'pack-')), 'experts');
  await writeExpertPack(dir, pack);
  const lineage = lineageOf('adas', context, [parent], {});
  return context.artifacts.putFolder(dir, 'experts', { kind: 'expert-pack', lineage });
}

/** Stores a model whose weights are other ones. */
export async function storeModel(
  context: Context,
  model: Model,
  parents: readonly string[],
  metrics: Metrics,
): Promise<ArtifactName> {
  const dir = join(await mkdtemp(join(context.workDir, 'result-')), 'adapted');
  await writeModelFolder(dir, model);
  return putModel(context, dir, parents, metrics);
}

/** Stores a model again with the agent that answers with it, and the experts beside it where the agent asks them. */
export async function storeWithAgent(
  context: Context,
  model: ArtifactName,
  agent: AgentDocument,
  experts: ArtifactName | undefined,
  metrics: Metrics,
): Promise<ArtifactName> {
  const dir = join(await mkdtemp(join(context.workDir, 'agent-')), 'adapted');
  await context.artifacts.materialise(model.id, dir);
  await writeFile(join(dir, AGENT_FILE), `${JSON.stringify(agent, null, 2)}\n`);
  if (experts) await context.artifacts.materialise(experts.id, join(dir, EXPERTS_FOLDER));
  return putModel(context, dir, [model.id, ...(experts ? [experts.id] : [])], metrics);
}

function putModel(context: Context, dir: string, parents: readonly string[], metrics: Metrics): Promise<ArtifactName> {
  const lineage = lineageOf('adas', context, parents, { ...metrics });
  return context.artifacts.putFolder(dir, 'adapted', { kind: 'model', lineage });
}
