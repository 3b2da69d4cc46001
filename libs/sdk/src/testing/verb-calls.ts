import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection } from '../http/connection.js';
import * as sdk from '../index.js';

/** Each verb, called once with something; it may fail, as long as it has asked. */
export const VERB_CALLS: Readonly<Record<string, (to: Connection, dir: string) => unknown>> = {
  cancelRun: (to) => sdk.cancelRun(to, 'r1'),
  changeClient: (to) => sdk.changeClient(to, 'c1', {}),
  changePassword: (to) => sdk.changePassword(to, { current: 'a', next: 'b' }),
  changeTenant: (to) => sdk.changeTenant(to, 't1', { isDisabled: true }),
  changeUser: (to) => sdk.changeUser(to, 'u1', {}),
  checkHealth: (to) => sdk.checkHealth(to),
  checkReadiness: (to) => sdk.checkReadiness(to),
  createClient: (to) => sdk.createClient(to, { id: 'c1', role: 'viewer' }),
  createKey: (to) => sdk.createKey(to, { name: 'k', scopes: [] }),
  createRun: (to) => sdk.createRun(to, { data: [], phases: [] }),
  createTenant: (to) => sdk.createTenant(to, { id: 't1' }),
  createUser: (to) => sdk.createUser(to, { id: 'u1', role: 'viewer', password: 'p' }),
  createWebhook: (to) => sdk.createWebhook(to, { url: 'https://example.com' }),
  downloadArtifact: (to, dir) => sdk.downloadArtifact(to, 'a1', join(dir, 'new')),
  forkRun: (to) => sdk.forkRun(to, 'r1', { phase: 'p' }),
  getApiDocument: (to) => sdk.getApiDocument(to),
  getArtifact: (to) => sdk.getArtifact(to, 'a1'),
  getClient: (to) => sdk.getClient(to, 'c1'),
  getIssuer: (to) => sdk.getIssuer(to),
  getMe: (to) => sdk.getMe(to),
  getMetrics: (to) => sdk.getMetrics(to),
  getPhase: (to) => sdk.getPhase(to, 'p'),
  getPublishedKeys: (to) => sdk.getPublishedKeys(to),
  getRun: (to) => sdk.getRun(to, 'r1'),
  getUser: (to) => sdk.getUser(to, 'u1'),
  getWebhook: (to) => sdk.getWebhook(to, 'w1'),
  listArtifacts: (to) => sdk.listArtifacts(to),
  listAudit: (to) => sdk.listAudit(to).next(),
  listClients: (to) => sdk.listClients(to),
  listDeliveries: (to) => sdk.listDeliveries(to, 'w1').next(),
  listKeys: (to) => sdk.listKeys(to),
  listPhases: (to) => sdk.listPhases(to),
  listRuns: (to) => sdk.listRuns(to).next(),
  listSigningKeys: (to) => sdk.listSigningKeys(to),
  listTenants: (to) => sdk.listTenants(to),
  listUsers: (to) => sdk.listUsers(to),
  listWebhooks: (to) => sdk.listWebhooks(to),
  login: (to) => sdk.login(to, { user: 'u1', password: 'p' }),
  pauseRun: (to) => sdk.pauseRun(to, 'r1'),
  readArtifactFile: (to) =>
    sdk.readArtifactFile(to, 'a1', { name: 'x.txt', digest: '0'.repeat(64), sizeBytes: 1 }).next(),
  redeliver: (to) => sdk.redeliver(to, 'w1', 'd1'),
  refreshSession: ({ url }) => sdk.refreshSession(url, 'afr_x'),
  removeClient: (to) => sdk.removeClient(to, 'c1'),
  removeUser: (to) => sdk.removeUser(to, 'u1'),
  removeWebhook: (to) => sdk.removeWebhook(to, 'w1'),
  resetPassword: (to) => sdk.resetPassword(to, 'u1', 'p'),
  resumeRun: (to) => sdk.resumeRun(to, 'r1'),
  retryRun: (to) => sdk.retryRun(to, 'r1', { phase: 'p' }),
  revokeKey: (to) => sdk.revokeKey(to, 'k1'),
  revokeToken: (to) => sdk.revokeToken(to, 'x'),
  rotateClientSecret: (to) => sdk.rotateClientSecret(to, 'c1'),
  rotateSigningKey: (to) => sdk.rotateSigningKey(to),
  runPhase: (to) => sdk.runPhase(to, 'p', {} as Parameters<typeof sdk.runPhase>[2]),
  uploadDataset: (to) => sdk.uploadDataset(to, new Blob(['a text'])),
  uploadDatasetBlobs: (to) => sdk.uploadDatasetBlobs(to, [{ name: 'a.txt', blob: new Blob(['a text']) }]),
  uploadDatasetFiles: (to, dir) => sdk.uploadDatasetFiles(to, [join(dir, 'config.json')]),
  uploadModel: (to, dir) => sdk.uploadModel(to, dir),
  uploadModelBlobs: (to) => sdk.uploadModelBlobs(to, [{ name: 'config.json', blob: new Blob(['{}']) }]),
  verifyAudit: (to) => sdk.verifyAudit(to),
  watchRun: (to) => sdk.watchRun(to, 'r1').next(),
};

/** Works with a folder that has what the calls need, and is gone afterwards. */
export async function withCallDir<T>(work: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'forge-verbs-'));
  try {
    await writeFile(join(dir, 'config.json'), '{}');
    return await work(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
