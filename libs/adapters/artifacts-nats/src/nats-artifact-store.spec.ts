import { randomUUID } from 'node:crypto';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { Objm } from '@nats-io/obj';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestBroker, type TestBroker } from '@agent-forge/nats/testing';
import { describeArtifactStore, type StoreUnderTest } from '@agent-forge/artifacts-fs/testing';
import { Bucket } from './bucket.js';
import { unnamedChunks } from './collect.js';
import { NatsArtifactStore } from './nats-artifact-store.js';
import { CHUNK_HEADER } from './stored-object.js';

let broker: TestBroker;
beforeAll(async () => void (broker = await startTestBroker()));
afterAll(() => broker?.stop());

/** A store in a bucket of its own. */
async function makeStore(connection: NatsConnection = broker.connection): Promise<StoreUnderTest & { bucket: Bucket }> {
  const name = `test-${randomUUID()}`;
  const store = await NatsArtifactStore.open(connection, { bucket: name });
  const bucket = await Bucket.open(broker.connection, name, 1);
  const damage = async (object: string) => {
    const { nuid } = (await bucket.info(object))!;
    await bucket.drop(nuid);
    const fields = headers();
    fields.set(CHUNK_HEADER, '0');
    await jetstream(broker.connection).publish(bucket.chunkSubject(nuid), 'something else', { headers: fields });
  };
  return {
    store,
    bucket,
    damageFile: (digest) => damage(`files/${digest}`),
    damageManifest: (id) => damage(`manifests/${id}`),
    countFiles: async () => (await bucket.list('files/')).length,
    countLeftovers: async () => (await unnamedChunks(bucket)).length,
    close: async () => void (await (await jetstreamManager(broker.connection)).streams.delete(bucket.stream)),
  };
}

describeArtifactStore('in JetStream', makeStore);

describe('the artifact store in JetStream', () => {
  test('can be read by every client of the object store', async () => {
    const { store, bucket, close } = await makeStore();
    const { digest } = await store.putFile([Buffer.alloc(2_500_000, 7)]);
    const objects = await new Objm(broker.connection).open(bucket.name);
    expect(Buffer.compare((await objects.getBlob(`files/${digest}`))!, Buffer.alloc(2_500_000, 7))).toBe(0);
    expect((await objects.list()).map(({ name }) => name)).toEqual([`files/${digest}`]);
    await close();
  });

  test('collects the chunks of a writer that was killed, once they are old', async () => {
    const { store, bucket, countLeftovers, close } = await makeStore();
    const { nuid, size } = await bucket.write([Buffer.alloc(2_500_000)], Infinity);
    const collect = (beforeMs: number) => store.collect({ isReachable: () => false, beforeMs });
    expect(await collect(Date.now() - 60_000)).toEqual({ artifacts: [], files: 0, sizeBytes: 0 });
    expect((await unnamedChunks(bucket)).map((each) => each.nuid)).toEqual([nuid]);
    expect(await collect(Date.now() + 60_000)).toEqual({ artifacts: [], files: 1, sizeBytes: size });
    expect(await countLeftovers()).toBe(0);
    await close();
  });

  test('notices a chunk that is gone, wherever it was', async () => {
    const { store, bucket, close } = await makeStore();
    const { digest } = await store.putFile([Buffer.alloc(3_500_000, 1)]);
    const { metadata } = (await bucket.info(`files/${digest}`))!;
    await bucket.manager.streams.deleteMessage(bucket.stream, Number(metadata.firstSequence) + 1);
    const drain = async (range?: { start: number; end: number }) => {
      for await (const part of store.readFile(digest, range)) expect(part.length).toBeGreaterThan(0);
    };
    await expect(drain()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    await expect(drain({ start: 1_100_000, end: 1_100_010 })).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    await drain({ start: 2_500_000, end: 3_500_000 });
    await close();
  });

  test('goes on where it was when the broker crashed and came back', async () => {
    const own = await startTestBroker();
    try {
      const store = await NatsArtifactStore.open(own.connection);
      const { digest } = await store.putFile([Buffer.from('before')]);
      const slow = store.putFile(
        (async function* () {
          yield Buffer.alloc(2_000_000, 1);
          await own.crash();
          yield Buffer.alloc(2_000_000, 2);
        })(),
      );
      const { sizeBytes, digest: second } = await slow;
      expect(sizeBytes).toBe(4_000_000);
      for (const each of [digest, second])
        for await (const part of store.readFile(each)) expect(part.length).toBeGreaterThan(0);
    } finally {
      await own.stop();
    }
  });

  test('says so when the broker is away', async () => {
    const own = await startTestBroker();
    const store = await NatsArtifactStore.open(own.connection);
    await own.stop();
    await expect(store.putFile([Buffer.from('x')])).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' });
    await expect(store.check()).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' });
  });
});
