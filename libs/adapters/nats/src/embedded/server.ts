import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ForgeError } from '@agent-forge/contracts';
import { loginOf, type ServiceLogin } from '../access/logins.js';
import { connectNats } from '../connection.js';
import { findServerBinary } from './binary.js';
import { FILES, serverConfig } from './config.js';
import { lockFile } from './lock.js';

/** A start takes 0.1 s; recovering a large store on a busy machine may take much longer. */
const READY_TIMEOUT_MS = 30_000;
/** After this long a server that was asked to end is killed. */
const STOP_TIMEOUT_MS = 10_000;
const POLL_MS = 20;

/**
 * Runs the server and ends it when standard input closes, which the system does when the parent dies, however it dies. Without it a killed parent
 * would leave the server running.
 */
const GUARD = `
exec 3<&0
"$@" </dev/null & server=$!
( read -r _ <&3; kill -TERM $server 2>/dev/null ) & guard=$!
wait $server; code=$?
kill $guard 2>/dev/null
exit $code`;

/** What {@link startEmbeddedServer} is told. */
export interface EmbeddedServerOptions {
  /** Everything that the server writes lies in `<dataDir>/nats`. */
  dataDir: string;
  /** 0 (the default) lets the system choose. */
  port?: number;
  /** Services that get a login of their own, with no more permissions than they need (default: none). */
  services?: readonly string[];
  /** The administrator's; a random one when it is left out; give the old one to let clients of an earlier server reconnect. */
  password?: string;
  /** Also opens the monitoring port on loopback. */
  monitor?: boolean;
  env?: NodeJS.ProcessEnv;
}

/** A running server of our own. */
export interface EmbeddedServer {
  /** For example `nats://127.0.0.1:41234`. */
  readonly url: string;
  /** The administrator's login. */
  readonly user: string;
  readonly password: string;
  /** The login of one of the services that it was told of. */
  loginOf(service: string): ServiceLogin;
  /** The process id of the server. */
  readonly pid: number;
  /** The address of the monitoring port, when it was asked for. */
  readonly monitorUrl?: string;
  /** Settles when the server has ended, for whatever reason. */
  readonly exited: Promise<void>;
  /** Ends the server; what was acknowledged is on disk. */
  stop(): Promise<void>;
}

/**
 * Starts nats-server as a child process on loopback with random passwords, and waits until JetStream answers. It ends with its parent.
 * @throws ForgeError BROKER_MISSING without a usable binary, FILE_EXISTS when the directory is in use, BROKER_UNAVAILABLE when it does not start
 */
export async function startEmbeddedServer(options: EmbeddedServerOptions): Promise<EmbeddedServer> {
  const dir = join(options.dataDir, 'nats');
  const binary = await findServerBinary(join(dir, 'bin'), options.env);
  const lock = await lockFile(join(dir, 'lock'));
  let launched: { child: ChildProcess; exited: Promise<void> } | undefined;
  try {
    const user = 'forge';
    const { port = 0, monitor = false, services = [], password = randomBytes(24).toString('hex') } = options;
    const logins = services.map((service) => loginOf(service, password));
    const users = [{ user, password, isAdmin: true }, ...logins.map((login) => ({ ...login, isAdmin: false }))];
    await rm(join(dir, FILES.ports), { recursive: true, force: true });
    await mkdir(join(dir, FILES.ports), { recursive: true });
    await writeFile(join(dir, FILES.config), serverConfig({ dir, users, port, monitor }), { mode: 0o600 });
    launched = launch(binary, dir);
    const { child, exited } = launched;
    await lock.record(child.pid!);
    const ready = await waitUntilReady(child, dir, user, password);
    void exited.then(() => lock.release());
    return {
      ...ready,
      user,
      password,
      loginOf: (service) => loginOf(service, password),
      exited,
      stop: () => stop(child, exited),
    };
  } catch (error) {
    if (launched) await stop(launched.child, launched.exited);
    await lock.release();
    throw error;
  }
}

function launch(binary: string, dir: string): { child: ChildProcess; exited: Promise<void> } {
  const errors = openSync(join(dir, 'nats-server.err'), 'w');
  try {
    // Its own process group: a Ctrl-C in the terminal reaches the parent alone, which then ends things in order.
    const args = ['-c', GUARD, 'sh', binary, '-c', join(dir, FILES.config)];
    const child = spawn('sh', args, { stdio: ['pipe', 'ignore', errors], detached: true });
    // When the server ends first, the pipe breaks; the exit event says all there is to say.
    child.stdin!.on('error', () => undefined);
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    return { child, exited };
  } finally {
    closeSync(errors);
  }
}

async function waitUntilReady(child: ChildProcess, dir: string, user: string, password: string) {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (child.exitCode === null && child.signalCode === null && Date.now() < deadline) {
    const addresses = await readAddresses(join(dir, FILES.ports));
    if (addresses) {
      const connection = await connectNats({ servers: addresses.url, user, pass: password, name: 'embedded-ready' });
      await connection.close();
      return { ...addresses, pid: Number(await readFile(join(dir, FILES.pid), 'utf8')) };
    }
    await sleep(POLL_MS);
  }
  const said = [await tail(join(dir, 'nats-server.err')), await tail(join(dir, FILES.log))].filter(Boolean).join(' / ');
  throw new ForgeError('BROKER_UNAVAILABLE', `nats-server did not start in ${dir}: ${said || 'it said nothing'}`);
}

/** The server writes its addresses into a file once it listens. */
export async function readAddresses(portsDir: string): Promise<{ url: string; monitorUrl?: string } | undefined> {
  const name = (await readdir(portsDir)).find((file) => file.endsWith('.ports'));
  if (name === undefined) return undefined;
  try {
    const ports = JSON.parse(await readFile(join(portsDir, name), 'utf8')) as {
      nats?: string[];
      monitoring?: string[];
    };
    const [url] = ports.nats ?? [];
    const [monitorUrl] = ports.monitoring ?? [];
    return url === undefined ? undefined : { url, ...(monitorUrl === undefined ? {} : { monitorUrl }) };
  } catch {
    // Half-written: the next look finds it whole.
    return undefined;
  }
}

async function tail(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.trim().split('\n').slice(-3).join(' / ').slice(-500);
}

async function stop(child: ChildProcess, exited: Promise<void>): Promise<void> {
  child.stdin!.end();
  const timer = setTimeout(() => {
    try {
      process.kill(-child.pid!, 'SIGKILL');
    } catch {
      // It ended at the same moment.
    }
  }, STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(timer);
}
