import { listArtifacts, listKeys, listRuns, listUsers, listWebhooks } from '@agent-forge/sdk';
import { accessOf } from '../system/client.js';
import type { Asked } from './completed.js';

/** More cannot be chosen from. */
const MAX_VALUES = 50;
/** Nobody waits longer for a list after Tab. */
const TIMEOUT_MS = 2_000;

/** What the system has, the newest first, at most some dozens; nothing when it does not answer soon: a shell shows no errors. */
export async function valuesOf(kind: Asked): Promise<string[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string[]>((resolve) => {
    timer = setTimeout(() => resolve([]), TIMEOUT_MS);
  });
  try {
    return await Promise.race([late, found(kind).catch(() => [])]);
  } finally {
    clearTimeout(timer);
  }
}

async function found(kind: Asked): Promise<string[]> {
  const access = await accessOf({});
  const ids = (views: readonly { id: string }[]) => views.map(({ id }) => id).slice(0, MAX_VALUES);
  switch (kind) {
    case 'run': {
      const runs: { id: string }[] = [];
      for await (const run of listRuns(access.gateway(), MAX_VALUES)) if (runs.push(run) === MAX_VALUES) break;
      return ids(runs);
    }
    case 'artifact':
      return ids((await listArtifacts(access.gateway(), { limit: MAX_VALUES })).artifacts);
    case 'webhook':
      return ids(await listWebhooks(access.gateway()));
    case 'key':
      return ids(await listKeys(access.auth()));
    case 'user':
      return ids(await listUsers(access.auth()));
  }
}
