import { readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ROOT, readProjects, readSources } from './projects.js';

/** From the lowest to the highest: imports go only to a layer before one's own (docs/adr/0001). Adapters and apps do not know each other. */
const LAYERS = [
  'contracts',
  'tensor',
  'model',
  'merge',
  'codecs',
  'data',
  'run',
  'search',
  'agents',
  'store',
  'phases',
  'recipe',
  'adapters',
  'stores-on-nats',
  'runtime',
  'sdk',
  'app',
];

const projects = readProjects();
const layerOf = new Map(projects.map(({ name, layer }) => [name, layer]));

test('the graph of projects', () => {
  const lines = LAYERS.flatMap((layer) => projects.filter((p) => p.layer === layer)).map(
    ({ name, layer, imported }) => `${layer.padEnd(10)} ${name.padEnd(13)} -> ${imported.join(' ') || '-'}`,
  );
  process.stdout.write(`\n${lines.join('\n')}\n\n`);
  expect(lines).toHaveLength(projects.length);
  expect(projects.length).toBeGreaterThanOrEqual(15);
});

describe.each(projects)('$name', ({ name, dir, layer, declared, imported }) => {
  test('has a layer', () => {
    expect(LAYERS).toContain(layer);
  });

  test('imports only from layers before its own', () => {
    const up = imported.filter((other) => LAYERS.indexOf(layerOf.get(other) ?? '') >= LAYERS.indexOf(layer));
    expect(up).toEqual([]);
  });

  test('tells Nx what it imports', () => {
    expect({ name, dependencies: declared }).toEqual({ name, dependencies: imported });
  });

  test('tells TypeScript what it imports', () => {
    const { references = [] } = JSON.parse(readFileSync(join(dir, 'tsconfig.json'), 'utf8')) as {
      references?: { path: string }[];
    };
    const built = references.map(({ path }) => relative(ROOT, resolve(dir, path)));
    const needed = imported.map((other) => relative(ROOT, projects.find((p) => p.name === other)!.dir));
    expect(built).toEqual(expect.arrayContaining(needed));
  });
});

test('the engine and the model library know nothing of NestJS, NATS or HTTP', () => {
  const engine = projects.filter(({ layer }) => ['tensor', 'model', 'data'].includes(layer)).map(({ dir }) => dir);
  expect(engine).toHaveLength(3);
  for (const dir of engine)
    expect(sourcesOf(dir)).not.toMatch(/from '(@nestjs\/|@nats-io\/|nats'|fastify|node:https?')/);
});

test('nobody reaches into another project by a path', () => {
  for (const { dir } of projects) expect(sourcesOf(dir)).not.toMatch(/from '(\.\.\/)+(libs|apps)\//);
});

function sourcesOf(dir: string): string {
  return readSources(join(dir, 'src')).join('\n');
}
