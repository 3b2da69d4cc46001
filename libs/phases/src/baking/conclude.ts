import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactName } from '@agent-forge/contracts';
import { chatTemplateFor } from '@agent-forge/data';
import {
  byteTokenizer,
  chatTemplateOf,
  withBakedMark,
  withChatTemplate,
  withoutBakedMark,
  writeDelta,
  writeModelFolder,
  type Adapter,
  type Model,
} from '@agent-forge/model';
import type { PhaseOutcome } from '@agent-forge/run';
import type { PhaseContext } from '../phase.js';
import type { InputModel } from '../shared/input-model.js';
import { lineageOf } from '../shared/lineage.js';
import { storeReport } from '../shared/report.js';
import { problemsOf } from './gate.js';
import type { BakingParams } from './params.js';
import { reportOf, type Findings } from './report.js';

type Context = PhaseContext<BakingParams>;

/** Below this a prompt is not what the model answers by. */
const FOLLOWED = 0.5;

/** Decides what goes on, and stores it, the change by itself, and the report. */
export async function conclude(
  context: Context,
  input: InputModel,
  { model, adapter }: { readonly model: Model; readonly adapter: Adapter },
  findings: Findings,
): Promise<PhaseOutcome> {
  const { params } = context;
  const { report, metrics: found } = reportOf(findings, params);
  const problems = problemsOf({ metrics: found }, params);
  const passesThrough = problems.length > 0 && params.onForgetting === 'pass-through';
  const metrics = { ...found, passedThrough: passesThrough ? 1 : 0 };
  const baked = markedAsFollowed(model, findings, params);
  const first = passesThrough
    ? { ...input.artifact, role: 'baked' }
    : await store(context, input.artifact.id, 'baked', 'model', metrics, (dir) =>
        writeModelFolder(dir, withTemplate(baked.model)),
      );
  const delta = await store(context, input.artifact.id, 'delta', 'delta', {}, async (dir) => {
    await mkdir(dir);
    const prompts = Object.fromEntries(params.bakes.map(({ name, prompt }) => [name, prompt]));
    const { strength } = params;
    await writeDelta(dir, { adapter, strength, families: baked.families, base: input.artifact.id, prompts });
  });
  const told = passesThrough
    ? { ...report, results: ['before'], verdicts: [...report.verdicts, 'the model that came in goes on, unchanged'] }
    : { ...report, results: ['after'] };
  const artifacts = [first, delta, await storeReport(context, told, [first.id], metrics)];
  return {
    artifacts,
    metrics,
    ...(passesThrough ? { degraded: `pass-through, because ${problems.join('; ')}` } : {}),
  };
}

/** The model with the mark of those prompts alone that it follows in most answers, and the families that are marked. */
function markedAsFollowed(model: Model, { followed }: Findings, { bakes }: BakingParams) {
  const rates = followed.get('after')!.rates;
  const taken = bakes.filter(({ name }) => rates.get(name)!['following']!.estimate >= FOLLOWED);
  const mark = Object.fromEntries(
    taken.flatMap(({ prompt, queries = [] }) => queries.map((family) => [family, prompt] as const)),
  );
  const all = bakes.flatMap(({ queries = [] }) => queries);
  const config = withBakedMark(withoutBakedMark(model.config, all), mark);
  return { model: { ...model, config }, families: Object.keys(mark) };
}

/** The model with a chat template, its own or the house's, so that other tools ask it in its own form. */
function withTemplate(model: Model): Model {
  const tokenizer = model.tokenizer ?? byteTokenizer();
  const isAsked = chatTemplateOf(tokenizer) !== undefined;
  return isAsked ? model : { ...model, tokenizer: withChatTemplate(tokenizer, chatTemplateFor(tokenizer)) };
}

async function store(
  context: Context,
  parent: string,
  role: string,
  kind: 'model' | 'delta',
  metrics: Record<string, number>,
  write: (dir: string) => Promise<void>,
): Promise<ArtifactName> {
  const dir = join(await mkdtemp(join(context.workDir, 'result-')), role);
  await write(dir);
  return context.artifacts.putFolder(dir, role, { kind, lineage: lineageOf('baking', context, [parent], metrics) });
}
