import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { PHASES, type Manifest } from '@agent-forge/contracts';
import { readModelFolder, type Model } from '@agent-forge/model';
import type { Phase, PhaseContext } from '../../phase.js';
import type { Claim, PhaseReport, ReportRow } from '../report.js';
import { isGain, isLost, type PhaseClaim } from './claim.js';
import { comparedClaims } from './compared.js';

type Context = Pick<PhaseContext, 'families' | 'data' | 'seed' | 'artifacts' | 'workDir' | 'threads' | 'signal'>;

/** The model that the claims are proven on, and what is known of those before it. */
export interface Proof {
  readonly phases: readonly Phase[];
  /** Of the phases before, in the order of the pipeline. */
  readonly reports: readonly PhaseReport[];
  readonly ancestors: ReadonlyMap<string, Manifest>;
  readonly final: Place;
}

/** A model at some place of the pipeline. */
interface Place {
  readonly model: Model;
  readonly folder: string;
  readonly row: ReportRow;
}

/** A phase that has made a model: what it is proven by. */
interface Maker {
  readonly phase: Phase;
  readonly report: PhaseReport;
  readonly id: string;
  readonly manifest: Manifest;
}

/** Proves every phase's key figures again on the final model; where one is lost, on those between as well, to see which phase lost it. */
export async function proveAgain(context: Context, { phases, reports, ancestors, final }: Proof): Promise<Claim[]> {
  const makers = makersOf(phases, reports, ancestors);
  const found: Claim[] = [];
  for (const [i, maker] of makers.entries()) {
    context.signal.throwIfAborted();
    for (const [k, claim] of (await claimsAt(context, maker, final)).entries()) {
      const lostBy = isLost(claim) ? await loserOf(context, maker, makers.slice(i + 1), k) : undefined;
      found.push({
        ...claim,
        phase: maker.phase.name,
        gained: isGain(claim),
        ...(lostBy === undefined ? {} : { lostBy }),
      });
    }
  }
  return found;
}

/** The phases whose models are ancestors; one that passed on what came in has nothing to prove. */
function makersOf(
  phases: readonly Phase[],
  reports: readonly PhaseReport[],
  ancestors: ReadonlyMap<string, Manifest>,
): Maker[] {
  return PHASES.flatMap(({ name }) => {
    const phase = phases.find((each) => each.name === name);
    const report = reports.find((each) => each.phase === name);
    const made = [...ancestors].find(([, { kind, lineage }]) => kind === 'model' && lineage.phase === name);
    return phase && report && made ? [{ phase, report, id: made[0], manifest: made[1] }] : [];
  });
}

async function claimsAt(context: Context, { phase, report, manifest }: Maker, place: Place): Promise<PhaseClaim[]> {
  const workDir = await mkdtemp(join(context.workDir, `claims-${phase.name}-`));
  const prove = phase.proveAgain ?? comparedClaims;
  return prove({ ...context, ...place, workDir, report, manifest, params: manifest.lineage.params });
}

/** The first phase behind which a claim does not hold any more; the last one where it holds behind all that can be read. */
async function loserOf(context: Context, maker: Maker, later: readonly Maker[], index: number): Promise<string> {
  for (const { phase, report, id } of later) {
    const row = report.rows.find(({ name }) => report.results?.includes(name));
    if (row === undefined) continue;
    const folder = join(await mkdtemp(join(context.workDir, 'between-')), 'model');
    await context.artifacts.materialise(id, folder);
    const claims = await claimsAt(context, maker, { model: await readModelFolder(folder), folder, row });
    if (claims[index] && isLost(claims[index])) return phase.name;
  }
  return PHASES.at(-1)!.name;
}
