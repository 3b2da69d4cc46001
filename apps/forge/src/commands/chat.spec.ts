import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Model, generateText } from '@agent-forge/model';
import { ask } from '../generate/ask.js';
import { startForge } from '../testing/command.js';
import { writeSmallModel } from '../testing/small-model.js';

let dir: string;
let model: Model;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'forge-chat-'));
  model = await writeSmallModel(join(dir, 'model'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const chat = (input: string, ...args: string[]) =>
  startForge({ cwd: dir, input }, 'chat', 'model', '--max-tokens', '8', ...args).finished;
const answerTo = async (prompt: string, earlier: { prompt: string; answer: string }[] = []) =>
  (await generateText(model, ask(model, { prompt, system: null, earlier }), { maxTokens: 8, temperature: 0 })).text;

async function turns(input: string, ...args: string[]): Promise<{ prompt: string; answer: string }[]> {
  const { code, stdout } = await chat(input, '--json', ...args);
  expect(code).toBe(0);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { prompt: string; answer: string });
}

describe('forge chat', () => {
  test('answers each line by itself', async () => {
    expect((await chat('hi\n\n  you \n')).stdout).toBe(`${await answerTo('hi')}\n${await answerTo('you')}\n`);
  });

  test('shows the model earlier turns where it is to, as many as there is room for, until /new', async () => {
    const first = { prompt: 'hi', answer: await answerTo('hi') };
    const second = { prompt: 'you', answer: await answerTo('you', [first]) };
    expect(await turns('hi\nyou\n/new\nhi\n/end\nnot asked\n', '--turns', '5')).toEqual([first, second, first]);
    // 120 of 128 positions are taken: nothing earlier has a place.
    const long = 'x'.repeat(110);
    expect((await turns(`hi\n${long}\n`, '--turns', '5'))[1]).toEqual({ prompt: long, answer: await answerTo(long) });
  });

  test('what cannot be asked is said, and the conversation goes on', async () => {
    const { code, stdout, stderr } = await chat(`${'x'.repeat(200)}\nhi\n`);
    expect([code, stdout]).toEqual([0, `${await answerTo('hi')}\n`]);
    expect(stderr).toMatch(/^forge: .*the context is 128 tokens \(INVALID_ARGUMENT\)\n$/);
  });

  test('a model that is not there is said in one line', async () => {
    const { code, stderr } = await startForge(dir, 'chat', 'nowhere').finished;
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^forge: .*nowhere does not exist \(FILE_NOT_FOUND\)\n$/),
    ]);
  });
});
