import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { closeNats, connectNats } from '../connection.js';
import { findEmbeddedServer } from './running.js';
import { startEmbeddedServer } from './server.js';

test('whoever may read a data directory finds the server that runs on it, and none before and after', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'agent-forge-running-'));
  try {
    expect(await findEmbeddedServer(dataDir)).toBeUndefined();
    const server = await startEmbeddedServer({ dataDir });
    const found = await findEmbeddedServer(dataDir);
    expect(found?.servers).toBe(server.url);
    await closeNats(await connectNats({ ...found!, name: 'test' }));
    await server.stop();
    expect(await findEmbeddedServer(dataDir)).toBeUndefined();
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
});
