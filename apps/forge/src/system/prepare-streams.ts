import { closeNats, connectNats, ensureStreams } from '@agent-forge/nats';
import { EnvReader, readNatsConfig, readReplicas } from '@agent-forge/runtime';

/**
 * Makes the streams of the broker that the environment names, or brings them up to date.
 * @param env NATS_URL, the login of an administrator, and FORGE_NATS_REPLICAS
 * @returns the names of all streams
 * @throws ForgeError of code INVALID_ARGUMENT when the environment is not as it should be, or of the broker when it cannot be reached
 */
export async function prepareStreamsOf(env: NodeJS.ProcessEnv): Promise<string[]> {
  const reader = new EnvReader(env);
  const [nats, replicas] = [readNatsConfig(reader), readReplicas(reader)];
  reader.check();
  const connection = await connectNats({ ...nats, name: 'forge' });
  try {
    return await ensureStreams(connection, replicas);
  } finally {
    await closeNats(connection);
  }
}
