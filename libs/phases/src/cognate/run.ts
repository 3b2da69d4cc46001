import { join } from 'node:path';
import type { ArtifactName } from '@agent-forge/contracts';
import { readModelFolder, type Model } from '@agent-forge/model';
import type { PhaseOutcome } from '@agent-forge/run';
import { paramError } from '../param-mistakes.js';
import type { PhaseContext } from '../phase.js';
import { Yardstick } from '../shared/yardstick.js';
import { growBranches } from './branches.js';
import { check } from './check.js';
import type { CognateParams } from './params.js';
import { CognateProgress } from './progress.js';
import { reportOn, type Branch } from './report.js';

type Context = PhaseContext<CognateParams>;

/** Trains a trunk and seeds from it, or takes imported models as seeds; measures all of them and stores everything. */
export async function run(context: Context): Promise<PhaseOutcome> {
  const [mistake] = check(context.params, context.families);
  if (mistake) throw paramError('cognate', mistake);
  const branches = context.inputs.length > 0 ? imported(context) : await growBranches(context);
  const yardstick = await Yardstick.of(context, 'report', context.params.itemsPerFamily);
  const models = new Map<string, Model>();
  for (const { artifact } of branches) models.set(artifact.role, await open(context, artifact));
  return reportOn(context, branches, models, yardstick, (share) => CognateProgress.measured(context.report, share));
}

/** Imported models stand for seeds; evomerge merges what is called one. */
function imported({ inputs }: Context): Branch[] {
  return inputs.map(({ id, kind, role }) => ({
    artifact: { id, kind, role: role.startsWith('seed-') ? role : `seed-${role}` },
    own: [],
  }));
}

async function open({ artifacts, workDir }: Context, { id, role }: ArtifactName): Promise<Model> {
  const dir = join(workDir, role);
  await artifacts.materialise(id, dir);
  return readModelFolder(dir);
}
