import { ForgeError, PHASES, type ArtifactStore, type Manifest } from '@agent-forge/contracts';
import type { PhaseReport } from '../report.js';

/** A lineage is short; this ends the walk where somebody made one that is not. */
const MAX_ANCESTORS = 1_000;
const REPORT_FILE = 'report.json';

/** What a model was made from, by id, nearest first; what is no longer in the store is left out. */
export async function ancestorsIn(artifacts: ArtifactStore, id: string): Promise<Map<string, Manifest>> {
  const found = new Map<string, Manifest>();
  const queue = [id];
  for (let next = queue.shift(); next !== undefined && found.size < MAX_ANCESTORS; next = queue.shift()) {
    if (found.has(next)) continue;
    const manifest = await manifestIfAny(artifacts, next);
    if (manifest === undefined) continue;
    found.set(next, manifest);
    queue.push(...manifest.lineage.parents);
  }
  return found;
}

/** The reports of the phases that made a model and its ancestors, in the order of the pipeline, one for each phase. */
export async function pastReports(
  artifacts: ArtifactStore,
  ancestors: ReadonlyMap<string, Manifest>,
): Promise<PhaseReport[]> {
  const byPhase = new Map<string, PhaseReport>();
  for await (const id of artifacts.list()) {
    const manifest = await manifestIfAny(artifacts, id);
    const [made = ''] = manifest?.lineage.parents ?? [];
    if (manifest?.kind !== 'report' || !ancestors.has(made)) continue;
    const report = await readReport(artifacts, manifest);
    if (report && !byPhase.has(report.phase)) byPhase.set(report.phase, report);
  }
  return PHASES.flatMap(({ name }) => byPhase.get(name) ?? []);
}

async function manifestIfAny(artifacts: ArtifactStore, id: string): Promise<Manifest | undefined> {
  try {
    return await artifacts.manifest(id);
  } catch (error) {
    if (ForgeError.from(error).code === 'ARTIFACT_NOT_FOUND') return undefined;
    throw error;
  }
}

async function readReport(artifacts: ArtifactStore, { files }: Manifest): Promise<PhaseReport | undefined> {
  const file = files.find(({ name }) => name === REPORT_FILE);
  if (file === undefined) return undefined;
  const chunks: Uint8Array[] = [];
  for await (const chunk of artifacts.readFile(file.digest)) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as PhaseReport;
}
