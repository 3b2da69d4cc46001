import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  AGENT_FILE,
  agentDigest,
  agentInWords,
  DEFAULT_LIMITS,
  GREEDY,
  parseAgent,
  usesExperts,
  type AgentDocument,
} from '@agent-forge/agents';
import type { ArtifactName, Json } from '@agent-forge/contracts';
import { familySource, createFamily, TaskMix } from '@agent-forge/data';
import {
  answerFormOf,
  byteTokenizer,
  evaluateItems,
  trainLanguageModel,
  withBakedMark,
  type Model,
} from '@agent-forge/model';
import { definePhase, paramsOf } from '../../phase.js';
import { tinyModel } from '../../testing/tiny-model.js';
import { taskContext } from '../../testing/task-context.js';
import { Workshop } from '../../testing/workshop.js';
import type { Checkpoint, TaskOutput } from '../../task.js';
import { encoderOf, familyItems } from '../../shared/families.js';
import { compression } from '../../registry.js';
import { ownClaims } from '../../testing/own-claims.js';
import { phase as adas } from '../index.js';
import { scoreAgentsTask, type ScoreAgentsInput } from './score-task.js';
import { searchAgents, type AgentSearchPlan, type AgentSearchResult } from './search-agents.js';

const families = { parity: 1 };
const seed = 1;
let shop: Workshop;
let model: Model;
let input: ArtifactName;
beforeAll(async () => {
  shop = await Workshop.open(families);
  model = await trained(tinyModel(1, { hidden_size: 64, intermediate_size: 128 }));
  input = await shop.import('model', model);
}, 60_000);
afterAll(() => shop.close());

/** A model that has half learnt the family, in the form that it is marked for. */
async function trained(start: Model): Promise<Model> {
  const form = answerFormOf(start.config);
  const shape = { part: 'train', tokenizer: byteTokenizer(), form, rows: 16, length: 63, seed } as const;
  const source = new TaskMix({ sources: [familySource(createFamily('parity'), 1)], ...shape });
  const optimizer = { name: 'adamw', learningRate: 1e-2 } as const;
  return (await trainLanguageModel({ model: start, source, steps: 60, optimizer })).model;
}

const found: AgentSearchResult[] = [];
const planOf = (id: string): AgentSearchPlan => ({
  model: id,
  experts: null,
  means: { experts: [], isClassified: false, hasTool: true, thinks: false },
  generations: 2,
  population: 6,
  selectItems: 30,
  reportItems: 40,
  limits: DEFAULT_LIMITS,
});

/** A phase that does nothing but search. */
const phase = definePhase({
  name: 'adas',
  module: import.meta.url,
  consumes: { kind: 'model', atLeast: 1, data: true },
  produces: [],
  params: paramsOf({}),
  resources: { cpus: 1, memoryMiB: 512 },
  tasks: { scoreAgents: (task, context) => scoreAgentsTask(task, context) },
  run: async (context) => {
    found.push(await searchAgents(context, planOf(context.inputs[0]!.id)));
    return { artifacts: [], metrics: {} };
  },
  gate: () => [],
  fallback: null,
});

test('a search in tasks: the greedy answer is what the model was measured to do; again, all is found among the results', async () => {
  const results = new Map<string, TaskOutput>();
  const { taskRuns } = await shop.run(phase, { inputs: [input], results, seed });
  expect(taskRuns).toBeGreaterThan(2);
  const { search, choice, reported } = found[0]!;
  expect(search.generation).toBe(3);
  expect(search.generated).toBe(search.accepted.length + search.rejected.length + search.ask().length);
  expect(choice).toBeDefined();
  const items = familyItems(families, 'report', 40, `${seed}/agents/report`);
  const measured = await evaluateItems(model, items, encoderOf(model));
  expect(agentDigest(reported[0]!.agent)).toBe(agentDigest(GREEDY));
  expect(reported[0]!.score.correct).toBe(measured.correct.join(''));
  // Chosen by the select part, and by nothing of the report part.
  const chosenBy = familyItems(families, 'select', 30, `${seed}/agents/select`);
  const onSelect = await evaluateItems(model, chosenBy, encoderOf(model));
  const greedy = search.accepted.find(({ digest }) => digest === agentDigest(GREEDY))!;
  expect(greedy.correct).toBe(onSelect.correct.join(''));
  const again = await shop.run(phase, { inputs: [input], results, seed });
  expect(again.taskRuns).toBe(0);
  expect(found[1]!.search.state()).toEqual(search.state());
});

test('a task that was killed goes on with the same scores', async () => {
  const { model: id, limits } = planOf(input.id);
  const vote: AgentDocument = {
    version: 1,
    nodes: [
      { id: 'a', kind: 'sample', temperature: 1, count: 3 },
      { id: 'b', kind: 'vote', of: ['a'] },
    ],
    answer: 'b',
  };
  const plan: ScoreAgentsInput = {
    model: id,
    experts: null,
    limits,
    families,
    seed,
    agents: [GREEDY, vote],
    part: 'select',
    itemsPerFamily: 20,
  };
  const saved: Checkpoint[] = [];
  const run = async () => scoreAgentsTask(plan as unknown as Json, await taskContext(shop, saved), 0);
  const whole = await run();
  expect((saved[0]!.state as Json[]).length).toBe(1);
  saved.length = 1;
  expect(await run()).toEqual(whole);
});

test('the right answers of a baked model are those under the prompt in its weights', async () => {
  const plain = tinyModel(1, { hidden_size: 64, intermediate_size: 128 });
  const baked = await trained({ ...plain, config: withBakedMark(plain.config, { parity: 'end !' }) });
  const { id } = await shop.import('baked', baked);
  const plan: ScoreAgentsInput = {
    model: id,
    experts: null,
    agents: [GREEDY],
    families,
    part: 'select',
    itemsPerFamily: 40,
    limits: DEFAULT_LIMITS,
    seed,
  };
  const { value } = await scoreAgentsTask(plan as unknown as Json, await taskContext(shop, []));
  const items = familyItems(families, 'select', 40, `${seed}/agents/select`);
  const { accuracy, correct } = await evaluateItems(baked, items, encoderOf(baked));
  expect(accuracy).toBeGreaterThan(0.2);
  expect(value).toMatchObject([{ accuracy, correct: correct.join('') }]);
});

test('the phase ships an agent beside the model and has every candidate on record', async () => {
  const agents = { generations: 1, population: 4, items: 10, reportItems: 20 };
  const params = { steps: 2, rows: 4, rowLength: 63, generalist: false, generations: 0, itemsPerFamily: 20, agents };
  const done = await shop.run(adas, { inputs: [input], params, seed });
  const { outcome } = done;
  const [adapted] = outcome.artifacts;
  const manifest = await shop.artifacts.manifest(adapted!.id);
  const own = (await shop.artifacts.manifest(input.id)).files.map(({ name }) => name);
  expect(manifest.lineage.parents[0]).toBe(input.id);
  const folder = `${shop.dir}/adapted`;
  await shop.artifacts.materialise(adapted!.id, folder);
  const agent = parseAgent(await readFile(`${folder}/${AGENT_FILE}`, 'utf8'), AGENT_FILE);
  const pack = usesExperts(agent) ? [expect.stringMatching(/^experts\//)] : [];
  expect(manifest.files.map(({ name }) => name)).toEqual(expect.arrayContaining([...own, AGENT_FILE, ...pack]));
  const { agents: rows, figures, comparisons } = await shop.report(outcome);
  expect(rows![0]).toMatchObject({ name: agentInWords(GREEDY) });
  expect(rows!.filter(({ isChosen }) => isChosen).map(({ name }) => name)).toEqual([agentInWords(agent)]);
  const { agentsGenerated, agentsAccepted, agentsRejected } = figures;
  expect(agentsGenerated).toBe(agentsAccepted! + agentsRejected!);
  expect(comparisons.some(({ better }) => better === agentInWords(agent))).toBe(agentInWords(agent) !== rows![0]!.name);
  const report = outcome.artifacts.find(({ role }) => role === 'report')!;
  await shop.artifacts.materialise(report.id, `${shop.dir}/archive`);
  const archive = JSON.parse(await readFile(`${shop.dir}/archive/agents.json`, 'utf8')) as Record<string, unknown[]>;
  expect([archive['accepted']!.length, archive['rejected']!.length]).toEqual([agentsAccepted, agentsRejected]);
  for (const each of archive['rejected']!) expect(each).toMatchObject({ reason: expect.any(String) });
  // Proven again on its own model, what the agent is worth is as it was.
  const [gain, again] = await ownClaims(shop, adas, done);
  expect(gain!.now).toMatch(/fit the weights before compression alone/);
  expect(again!.now).toEqual(usesExperts(agent) ? expect.any(String) : again!.then);

  // The final model's card has it too.
  const compressed = await shop.run(compression, { inputs: [adapted!], params: SMALLEST, seed });
  const { claims } = await shop.report(compressed.outcome);
  expect(claims!.map(({ phase }) => phase)).toEqual(['adas', 'adas']);
  const final = compressed.outcome.artifacts[0]!;
  await shop.artifacts.materialise(final.id, `${shop.dir}/final`);
  const card = await readFile(`${shop.dir}/final/README.md`, 'utf8');
  expect(card).toContain('measured again on this model');
  expect(card).toContain(again!.metric);
});

const SMALLEST = {
  candidates: ['int8+int8'],
  exports: [],
  selectItemsPerFamily: 20,
  divergenceItemsPerFamily: 5,
  itemsPerFamily: 20,
  calibrationBatches: 1,
};
