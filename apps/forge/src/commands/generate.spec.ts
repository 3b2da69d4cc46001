import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type AgentAnswer, GREEDY } from '@agent-forge/agents';
import { DialogueEncoder } from '@agent-forge/data';
import {
  decompose,
  type GeneratedText,
  generateText,
  initScales,
  type Model,
  weightsDigest,
  writeExpertPack,
} from '@agent-forge/model';
import { forge, startForge } from '../testing/command.js';
import { writeSmallModel } from '../testing/small-model.js';

let dir: string;
let model: Model;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'forge-generate-'));
  model = await writeSmallModel(join(dir, 'model'));
  await writeSmallModel(join(dir, 'long'), { max_position_embeddings: 4096 });
  await writeFile(join(dir, 'greedy.json'), JSON.stringify(GREEDY));
  await writeFile(join(dir, 'vote.json'), JSON.stringify(VOTE));
  await writeFile(join(dir, 'route.json'), JSON.stringify(ROUTE));
  const scales = initScales(decompose(model.weights));
  await writeExpertPack(join(dir, 'pack'), {
    base: weightsDigest(model.weights),
    experts: [{ name: 'plain', domains: [], scales }],
  });
  await writeFile(join(dir, 'code.json'), JSON.stringify({ ...GREEDY, nodes: [{ id: 'a', kind: 'python' }] }));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const ROUTE = {
  version: 1,
  nodes: [
    { id: 'm', kind: 'route', expert: 'plain' },
    { ...GREEDY.nodes[0]!, model: 'm' },
  ],
  answer: 'a',
};

const VOTE = {
  version: 1,
  nodes: [
    { id: 'a', kind: 'sample', temperature: 1, count: 3 },
    { id: 'v', kind: 'vote', of: ['a'] },
  ],
  answer: 'v',
};

async function json(...args: string[]): Promise<GeneratedText> {
  const { code, stdout } = await forge(dir, 'generate', 'model', ...args, '--json');
  expect(code).toBe(0);
  expect(stdout.trim().split('\n')).toHaveLength(1);
  return JSON.parse(stdout) as GeneratedText;
}

describe('forge generate', () => {
  test('greedy: the tokens of the library, and their text', async () => {
    const got = await json('Hallo', '--max-tokens', '20', '--temperature', '0');
    const want = await generateText(model, 'Hallo', { maxTokens: 20 });
    expect(got).toEqual(want);
    expect(got.promptTokens).toBe(5);
    expect(got.tokenIds.length).toBeLessThanOrEqual(20);
  });

  test('a seed gives the same text again, another one another', async () => {
    const sample = (seed: string) => json('Hallo', '--max-tokens', '40', '--temperature', '1.5', '--seed', seed);
    const first = await sample('3');
    expect(await sample('3')).toEqual(first);
    expect((await sample('4')).tokenIds).not.toEqual(first.tokenIds);
  });

  test('--top-k 1 is greedy whatever the temperature', async () => {
    const options = ['--max-tokens', '12'];
    const greedy = await json('ab', ...options, '--temperature', '0');
    expect(await json('ab', ...options, '--temperature', '5', '--top-k', '1')).toEqual(greedy);
  });

  test('prints the text itself, and ends it before a stop text', async () => {
    const { text } = await json('Hallo', '--max-tokens', '30', '--temperature', '0');
    const plain = ['generate', 'model', 'Hallo', '--max-tokens', '30', '--temperature', '0'];
    expect((await forge(dir, ...plain)).stdout).toBe(`${text}\n`);
    const stop = [...text].at(3)!;
    expect((await forge(dir, ...plain, '--stop', stop)).stdout).toBe(`${text.slice(0, text.indexOf(stop))}\n`);
  });

  test('--chat asks as the training data does', async () => {
    const example = {
      key: 'hi',
      messages: [
        { role: 'system', content: 'be kind' },
        { role: 'user', content: 'hi' },
        { role: 'assistant', content: '' },
      ],
    } as const;
    const prompt = new DialogueEncoder(model.tokenizer!).encodePrompt(example);
    const got = await json('hi', '--chat', '--system', 'be kind', '--temperature', '0', '--max-tokens', '10');
    expect(got).toEqual(await generateText(model, prompt, { maxTokens: 10 }));
  });

  test('Ctrl-C ends it soon, with what is written so far', async () => {
    const { child, finished } = startForge(
      dir,
      'generate',
      'long',
      'Hallo',
      '--max-tokens',
      '4000',
      '--temperature',
      '1',
    );
    await once(child.stdout!, 'data');
    child.kill('SIGINT');
    const { code, stdout, stderr } = await finished;
    expect(code).toBe(130);
    expect(Buffer.byteLength(stdout)).toBeGreaterThan(0);
    expect(stderr).toContain('CANCELLED');
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});

describe('forge generate --agent', () => {
  async function answer(...args: string[]): Promise<AgentAnswer> {
    const { code, stdout } = await forge(dir, 'generate', 'model', 'hi', ...args, '--json');
    expect(code).toBe(0);
    return JSON.parse(stdout) as AgentAnswer;
  }

  test('the single greedy answer is what --chat answers', async () => {
    const { text, tokens } = await answer('--agent', 'greedy.json', '--max-tokens', '10');
    const chat = await json('hi', '--chat', '--temperature', '0', '--max-tokens', '10');
    expect([text, tokens]).toEqual([chat.text, chat.promptTokens + chat.tokenIds.length]);
  });

  test('an expert of a pack answers; one whose factors are all 1 says what the model says', async () => {
    const { text, trace } = await answer('--agent', 'route.json', '--experts', 'pack', '--max-tokens', '10');
    expect(trace.map(({ kind, outputs }) => [kind, outputs])).toEqual([
      ['route', ['plain']],
      ['sample', [text]],
    ]);
    expect(text).toBe((await answer('--agent', 'greedy.json', '--max-tokens', '10')).text);
  });

  test('prints the answer, or with --json every step; the same again with the same seed', async () => {
    const first = await answer('--agent', 'vote.json', '--max-tokens', '10', '--seed', '3');
    expect(first.trace.map(({ kind, outputs }) => [kind, outputs.length])).toEqual([
      ['sample', 3],
      ['vote', 1],
    ]);
    expect(await answer('--agent', 'vote.json', '--max-tokens', '10', '--seed', '3')).toEqual(first);
    expect((await answer('--agent', 'vote.json', '--max-tokens', '10', '--seed', '4')).trace).not.toEqual(first.trace);
    const plain = await forge(
      dir,
      'generate',
      'model',
      'hi',
      '--agent',
      'vote.json',
      '--max-tokens',
      '10',
      '--seed',
      '3',
    );
    expect(plain.stdout).toBe(`${first.text}\n`);
  });
});

test.each([
  [['model', 'a', '--agent', 'none.json'], 'none.json cannot be read'],
  [['model', 'a', '--agent', 'code.json'], 'code.json: node 1 (a) has kind "python"'],
  [['model', 'a', '--agent', 'vote.json', '--top-k', '3'], '--top-k and --agent exclude each other'],
  [['model', 'a', '--agent', 'route.json'], 'say with --experts where their pack is'],
  [['model', 'a', '--agent', 'route.json', '--experts', 'model'], 'is no expert pack'],
  [['model', 'a', '--experts', 'pack'], '--experts needs --agent'],
  [['model', 'a', '--wings'], "unknown option '--wings'"],
  [['model'], "missing required argument 'prompt'"],
  [['model', ''], 'the prompt is empty'],
  [['model', 'a', '--top-p', '2'], 'topP is a number above 0 and up to 1'],
  [['model', 'a', '--temperature', 'hot'], 'It is a number of at least 0'],
  [['model', 'a', '--max-tokens', '500'], 'the context is 128 tokens'],
  [['model', 'a', '--system', 'b'], '--system needs --chat'],
  [['model', 'a', '--provider', 'abacus'], 'cpu, webgpu, cuda'],
  [['nowhere', 'a'], 'nowhere'],
])('refuses %j with one clear line', async (args, message) => {
  const { code, stdout, stderr } = await forge(dir, 'generate', ...args);
  expect(code).toBeGreaterThan(0);
  expect(stdout).toBe('');
  expect(stderr).toContain(message);
  expect(stderr).not.toMatch(/\n\s+at /);
});

test('says how to use it', async () => {
  const { code, stdout } = await forge(dir, 'generate', '--help');
  expect(code).toBe(0);
  expect(stdout).toContain('Examples:');
});
