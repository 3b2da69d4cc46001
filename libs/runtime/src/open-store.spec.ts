import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { World } from './testing/world.js';

test('services whose artifacts lie on the broker hand them on without a shared folder', async () => {
  const world = await World.create('nats');
  try {
    await Promise.all([world.serve('first'), world.serve('second')]);
    await world.request('chain', { phase: 'first' }, { phase: 'second' });
    const events = await world.end('chain');
    const ids = events.flatMap((event) => (event.name === 'phase.completed' ? event.data.artifacts : []));
    expect(ids.map(({ kind }) => kind)).toEqual(['report', 'report']);
    const { lineage, files } = await world.store.manifest(ids[1]!.id);
    expect(lineage).toMatchObject({ parents: [ids[0]!.id], data: [world.dataId] });
    for await (const part of world.store.readFile(files[0]!.digest)) expect(part.length).toBeGreaterThan(0);
    await expect(access(join(world.broker.dataDir, 'artifacts'))).rejects.toThrow();
  } finally {
    await world.destroy();
  }
});
