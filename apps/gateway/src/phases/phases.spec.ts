import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { byteTokenizer, initWeights, parseConfig, writeModelFolder } from '@agent-forge/model';
import { getRun, runPhase, uploadModel, type Connection } from '@agent-forge/sdk';
import { World } from '../testing/world.js';

let world: World;
let client: Connection;
let dir: string;
let artifactId: string;
beforeAll(async () => {
  world = await World.create();
  client = await world.connect();
  dir = await mkdtemp(join(tmpdir(), 'agent-forge-phases-'));
  const config = parseConfig({
    model_type: 'llama',
    vocab_size: byteTokenizer().vocabSize,
    hidden_size: 16,
    intermediate_size: 16,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    max_position_embeddings: 32,
    tie_word_embeddings: true,
  });
  await writeModelFolder(join(dir, 'model'), { config, weights: initWeights(config, 1), tokenizer: byteTokenizer() });
  ({ artifactId } = await uploadModel(client, join(dir, 'model')));
});
afterAll(async () => {
  await world?.destroy();
  await rm(dir, { recursive: true, force: true });
});

describe('a run of one phase', () => {
  test('is a run on the artifact that is named, with the parameters that are given', async () => {
    const request = { artifactId, name: 'alone', seed: 3, families: { add: 2 }, params: { itemsPerFamily: 20 } };
    const run = await runPhase(client, 'cognate', { ...request, gates: { worstLoss: { max: 9 } } });
    expect(run).toMatchObject({ name: 'alone', seed: 3, status: 'running', phases: [{ phase: 'cognate' }] });
    expect(run.phases).toHaveLength(1);
    expect(await getRun(client, run.id)).toEqual(run);
    const { state } = await world.log.load('main', run.id);
    expect(state?.recipe.models).toMatchObject([{ name: 'input', artifactId }]);
    expect(state?.recipe.phases[0]).toMatchObject({ params: { itemsPerFamily: 20 }, gates: { worstLoss: { max: 9 } } });
  });

  test('takes several models where the phase does', async () => {
    const models = ['a', 'b'].map((name) => ({ name, artifactId }));
    const run = await runPhase(client, 'evomerge', { models, families: { add: 1 } });
    const { state } = await world.log.load('main', run.id);
    expect(state?.recipe.models.map(({ name }) => name)).toEqual(['a', 'b']);
  });

  test.each([
    ['of a phase that is not there', 'evomrge', {}, 'NOT_FOUND', /there are cognate, evomerge/],
    [
      'of a parameter that is not there',
      'cognate',
      { families: { add: 1 }, params: { step: 1 } },
      'INVALID_ARGUMENT',
      /did you mean steps/,
    ],
    [
      'that names a model in two ways',
      'cognate',
      { artifactId: 'a'.repeat(64), models: [] },
      'INVALID_ARGUMENT',
      /not both/,
    ],
    [
      'of an artifact that is not there',
      'cognate',
      { artifactId: 'a'.repeat(64), families: { add: 1 } },
      'ARTIFACT_NOT_FOUND',
      /aaaa/,
    ],
    ['of something that is no artifact', 'cognate', { artifactId: '../model' }, 'INVALID_ARGUMENT', /64 hexadecimal/],
    ['with fields that it does not have', 'cognate', { phases: [{ phase: 'evomerge' }] }, 'INVALID_ARGUMENT', /phases/],
    [
      'of a merge by a method that is not there',
      'evomerge',
      {
        models: ['a', 'b'].map((name) => ({ name, artifactId: 'a'.repeat(64) })),
        families: { add: 1 },
        params: { recipe: { merge_method: 'nope', models: [{ model: 'a' }] } },
      },
      'INVALID_ARGUMENT',
      /parameter recipe of evomerge is refused: .*nope/,
    ],
    [
      'with too few models',
      'evomerge',
      { artifactId: 'a'.repeat(64), families: { add: 1 } },
      'INVALID_ARGUMENT',
      /at least 2 models/,
    ],
  ])('%s is refused', async (_, phase, request, code, message) => {
    await expect(runPhase(client, phase, request as never)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });
});
