import { join } from 'node:path';
import type { Json } from '@agent-forge/contracts';
import {
  createFamily,
  DialogueEncoder,
  distinctItems,
  exampleSource,
  familySource,
  TaskMix,
  type TaskItem,
} from '@agent-forge/data';
import {
  createGenerator,
  readModelFolder,
  withThoughtMark,
  writeModelFolder,
  type Model,
  type OptimizerOptions,
} from '@agent-forge/model';
import type { FamilyMix } from '../shared/families.js';
import { trainWithRollback } from '../shared/train-with-rollback.js';
import type { TaskContext, TaskOutput } from '../task.js';
import type { ThinkingForm } from './form.js';

/** One distillation: all that its result depends on. */
export interface DistilInput {
  /** The model that thinks. */
  readonly from: string;
  readonly form: ThinkingForm;
  readonly families: FamilyMix;
  /** Questions of each family that the thinking model answers. */
  readonly questionsPerFamily: number;
  readonly rows: number;
  readonly rowLength: number;
  readonly steps: number;
  readonly optimizer: OptimizerOptions;
  readonly maxRollbacks: number;
  readonly seed: number;
}

/** Room for an answer behind a thought. */
const ANSWER_TOKENS = 32;

/** Teaches a model to answer at once what it answers after thinking: its own answers to questions of the train part, right or wrong (Fast Quiet-STaR's aim). */
export async function distilTask(input: Json, context: TaskContext): Promise<TaskOutput> {
  const plan = input as unknown as DistilInput;
  const dir = join(context.workDir, 'start');
  await context.artifacts.materialise(plan.from, dir);
  const thinker = await readModelFolder(dir);
  const model: Model = { ...thinker, config: withThoughtMark(thinker.config, undefined) };
  const sources = [];
  let right = 0;
  let asked = 0;
  for (const [name, weight] of Object.entries(plan.families)) {
    if (!plan.form.families.includes(name)) {
      sources.push(familySource(createFamily(name), weight));
      continue;
    }
    const items = distinctItems(createFamily(name), 'train', plan.questionsPerFamily, `${plan.seed}/distil`);
    const answered = await answersOf(thinker, items, plan.form, context);
    asked += items.length;
    right += answered.filter(({ answer }, i) => answer === items[i]!.answer).length;
    sources.push(exampleSource(name, answered, weight));
  }
  const { rows, rowLength: length, steps, optimizer, maxRollbacks } = plan;
  const seed = `${plan.seed}/distil`;
  const source = new TaskMix({ sources, part: 'train', tokenizer: model.tokenizer!, rows, length, seed });
  const { codeVersion } = context;
  const { from, seed: runSeed, ...params } = plan;
  const about = { parents: [from], data: [], phase: 'quietstar', params, seed: runSeed, codeVersion, metrics: {} };
  const training = { model, source, steps, optimizer, maxRollbacks, lineage: about };
  const trained = await trainWithRollback(training, context);
  const out = join(context.workDir, 'distilled');
  await writeModelFolder(out, trained.model);
  const artifact = await context.artifacts.putFolder(out, 'distilled', { kind: 'model', lineage: about });
  return { value: { answersRight: right / Math.max(1, asked) }, artifacts: [artifact] };
}

/** The items with the answers that the thinking model gives, greedily, behind its own thoughts; its thoughts are left out. */
async function answersOf(
  thinker: Model,
  items: readonly TaskItem[],
  { startId, endId, tokens }: ThinkingForm,
  { threads, signal }: TaskContext,
): Promise<TaskItem[]> {
  const encoder = new DialogueEncoder(thinker.tokenizer!);
  const prompts = items.map((item) => [...encoder.encodePrompt(item), startId]);
  const written: number[][] = items.map(() => []);
  const maxTokens = tokens + 1 + ANSWER_TOKENS;
  const generator = await createGenerator(thinker, { threads, batchSize: 64 });
  try {
    for await (const { prompt, tokenId, finish } of generator.generate(prompts, { maxTokens, temperature: 0, signal }))
      if (finish !== 'stop') written[prompt]!.push(tokenId);
  } finally {
    await generator.release();
  }
  return items.map(({ thoughts: _, ...item }, i) => {
    const answer = written[i]!.slice(written[i]!.indexOf(endId) + 1);
    return { ...item, answer: thinker.tokenizer!.decode(answer, { skipSpecialTokens: true }) };
  });
}
