import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServiceHere } from '../system/service-here.js';
import type { ServiceStarter } from '../system/service.js';
import { startSystem, type System } from '../system/system.js';
import { startForge, type Started } from './command.js';

/** A whole system in a folder of its own, and commands that talk to it; stop it at the end. */
export class RunningSystem {
  private constructor(
    /** Where commands are started. */
    readonly cwd: string,
    readonly system: System,
  ) {}

  /** @param startService how services run: in this process by default, as forge up has it; as processes of their own for tests that block this one */
  static async start(startService: ServiceStarter = startServiceHere): Promise<RunningSystem> {
    const cwd = await mkdtemp(join(tmpdir(), 'agent-forge-system-'));
    const { signal } = new AbortController();
    const options = { dataDir: join(cwd, 'forge-data'), port: 0, authPort: 0, signal };
    const system = await startSystem({ ...options, startService });
    return new RunningSystem(cwd, system);
  }

  forge(...args: string[]): Started {
    const env = { FORGE_URL: this.system.connection.url, FORGE_AUTH_URL: this.system.authUrl };
    return startForge({ cwd: this.cwd, env }, ...args);
  }

  async stop(): Promise<void> {
    await this.system.stop();
    const said = await readFile(join(this.cwd, 'forge-data', 'nats', 'nats-server.log'), 'utf8');
    // No service may want more of its broker than its identity is let do.
    const [violation] = said.match(/.*Violation.*/) ?? [];
    if (violation !== undefined) throw new Error(violation);
    await rm(this.cwd, { recursive: true, force: true });
  }
}
