import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DialogueEncoder } from '@agent-forge/data';
import { type Model, createGenerator, evaluateText } from '@agent-forge/model';
import { forge } from '../testing/command.js';
import { writeSmallModel } from '../testing/small-model.js';

const TEXT = 'Ein Satz über Äpfel. '.repeat(30);
const PROMPTS = ['1+1=', 'two', 'Größe', 'x'];

let dir: string;
let model: Model;
/** What the model really answers, so that some lines of the data are right and some are not. */
let answers: string[];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'forge-eval-'));
  model = await writeSmallModel(join(dir, 'model'));
  await writeFile(join(dir, 'text.txt'), TEXT);
  await writeFile(join(dir, 'broken.txt'), Buffer.of(0x66, 0xff, 0xfe));
  await writeFile(join(dir, 'text.jsonl'), `${JSON.stringify({ text: TEXT })}\n`);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const evaluate = (...args: string[]) => forge(dir, 'eval', 'model', ...args);

describe('forge eval --text', () => {
  test('prints one JSON object with the figures of the library', async () => {
    const { code, stdout } = await evaluate('--text', 'text.txt', '--context-length', '32', '--json');
    expect(code).toBe(0);
    const want = await evaluateText(model, TEXT, { contextLength: 32 });
    const got = JSON.parse(stdout) as typeof want;
    expect(Object.keys(got).sort()).toEqual(['bitsPerByte', 'bytes', 'loss', 'perplexity', 'tokens']);
    expect(got.tokens).toBe(Buffer.byteLength(TEXT) - 1);
    expect(got.bytes).toBe(Buffer.byteLength(TEXT));
    for (const key of ['loss', 'perplexity', 'bitsPerByte'] as const) expect(got[key] / want[key]).toBeCloseTo(1, 5);
  });

  test('prints the same for people', async () => {
    const { code, stdout } = await evaluate('--text', 'text.txt');
    expect(code).toBe(0);
    for (const word of ['loss', 'nats per token', 'perplexity', 'bits per byte', 'tokens', 'bytes'])
      expect(stdout).toContain(word);
  });

  test('says in its help how windows are cut', async () => {
    const { code, stdout } = await forge(dir, 'eval', '--help');
    expect(code).toBe(0);
    expect(stdout).toContain('windows of --context-length tokens that do not overlap');
    expect(stdout).toContain('Examples:');
  });
});

describe('forge eval --data', () => {
  beforeAll(async () => {
    const encoder = new DialogueEncoder(model.tokenizer!);
    const prompts = PROMPTS.map((prompt) =>
      encoder.encodePrompt({ family: 'file', key: prompt, prompt, answer: 'a', difficulty: 1 }),
    );
    const generator = await createGenerator(model);
    const written = PROMPTS.map((): number[] => []);
    for await (const { prompt, tokenId } of generator.generate(prompts, { maxTokens: 1 }))
      written[prompt]!.push(tokenId);
    await generator.release();
    answers = written.map((ids) => model.tokenizer!.decode(ids));
    const lines = PROMPTS.map((prompt, i) => ({ prompt, completion: i === 0 ? 'surely not this' : answers[i] || '?' }));
    await writeFile(join(dir, 'pairs.jsonl'), lines.map((line) => JSON.stringify(line)).join('\n'));
  });

  test('gives accuracy with its interval, and loss', async () => {
    const { code, stdout } = await evaluate('--data', 'pairs.jsonl', '--json');
    expect(code).toBe(0);
    const { items, accuracy, interval, loss } = JSON.parse(stdout) as {
      items: number;
      accuracy: number;
      interval: [number, number];
      loss: number;
    };
    expect(items).toBe(PROMPTS.length);
    expect(interval[0]).toBeLessThanOrEqual(accuracy);
    expect(interval[1]).toBeGreaterThanOrEqual(accuracy);
    expect(loss).toBeGreaterThan(0);
    const again = await evaluate('--data', 'pairs.jsonl', '--json');
    expect(again.stdout).toBe(stdout);
  });
});

test.each([
  [['model', '--wings'], "unknown option '--wings'"],
  [['model'], 'give one of --text FILE and --data FILE'],
  [['model', '--text', 'text.txt', '--data', 'text.jsonl'], 'give one of'],
  [['model', '--text', 'nowhere.txt'], 'nowhere.txt does not exist'],
  [['model', '--text', 'broken.txt'], 'broken.txt:1: not UTF-8'],
  [['model', '--data', 'text.jsonl'], 'text.jsonl has no prompts with answers'],
  [['model', '--text', 'text.txt', '--part', 'half'], 'Allowed choices are train, select, report, all'],
  [['model', '--text', 'text.txt', '--context-length', '129'], 'from 1 to 128, not 129'],
  [['nowhere', '--text', 'text.txt'], 'nowhere'],
  [['.', '--text', 'text.txt'], 'has no config.json'],
])('refuses %j with one clear line', async (args, message) => {
  const { code, stdout, stderr } = await forge(dir, 'eval', ...args);
  expect(code).toBeGreaterThan(0);
  expect(stdout).toBe('');
  expect(stderr).toContain(message);
  expect(stderr).not.toMatch(/\n\s+at /);
});
