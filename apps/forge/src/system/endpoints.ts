import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where a running system answers. */
export interface Endpoints {
  readonly url: string;
  readonly authUrl: string;
}

const endpointsFile = (dataDir: string) => join(dataDir, 'endpoints.json');

/** Tells commands that are given the data directory where its system answers. */
export async function writeEndpoints(dataDir: string, { url, authUrl }: Endpoints): Promise<void> {
  await writeFile(endpointsFile(dataDir), `${JSON.stringify({ url, authUrl })}\n`);
}

/** Where the system of a data directory answers; undefined when none runs there. */
export async function readEndpoints(dataDir: string): Promise<Endpoints | undefined> {
  try {
    return JSON.parse(await readFile(endpointsFile(dataDir), 'utf8')) as Endpoints;
  } catch {
    return undefined;
  }
}

/** Takes that back. */
export async function removeEndpoints(dataDir: string): Promise<void> {
  await rm(endpointsFile(dataDir), { force: true });
}
