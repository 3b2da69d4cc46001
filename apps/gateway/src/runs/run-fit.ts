import { ForgeError, type ArtifactStore, type Recipe } from '@agent-forge/contracts';
import { parameterCount, parseConfig } from '@agent-forge/model';
import { fitToBudget, freeResources, machineProblems, type RunInputs } from '@agent-forge/recipe';
import type { GatewayConfig } from '../config.js';

/** Refuses runs that cannot fit, before any work. */
export class RunFit {
  constructor(
    private readonly store: ArtifactStore,
    private readonly config: Pick<GatewayConfig, 'dataDir' | 'artifacts' | 'threads'>,
  ) {}

  /** @throws ForgeError BUDGET_EXCEEDED with the estimate of each phase, when a checked recipe is over its budget or does not fit on this machine */
  async assertFits(recipe: Recipe): Promise<void> {
    const { seconds, memoryMib, diskMib } = recipe.budget ?? {};
    const budget = {
      ...(seconds ? { seconds } : {}),
      ...(memoryMib ? { memoryMib } : {}),
      ...(diskMib ? { diskMib } : {}),
    };
    const { dataDir, artifacts } = this.config;
    const inputs = await this.#inputsOf(recipe);
    // Where time has no limit, nobody has to wait until the speed of this machine is known.
    const { estimate, problems } = await fitToBudget({ phases: recipe.phases, budget }, inputs, {
      dataDir,
      isRough: seconds === undefined || seconds === 0,
    });
    // Services share a machine where they share a folder; elsewhere this one says nothing of theirs.
    if (artifacts === 'fs') problems.push(...machineProblems(estimate, await freeResources(dataDir)));
    if (problems.length > 0) throw new ForgeError('BUDGET_EXCEEDED', `the run cannot fit: ${problems.join('; ')}`);
  }

  async #inputsOf({ data, models, families }: Recipe): Promise<RunInputs> {
    let dataBytes = 0;
    for (const { artifactId } of data)
      for (const { sizeBytes } of (await this.store.manifest(artifactId)).files) dataBytes += sizeBytes;
    const parameters = await Promise.all(models.map(({ artifactId }) => this.#parametersOf(artifactId)));
    return {
      dataBytes,
      families: Object.keys(families).length,
      models: { count: models.length, parameters: Math.max(0, ...parameters) },
    };
  }

  async #parametersOf(id: string): Promise<number> {
    const config = (await this.store.manifest(id)).files.find(({ name }) => name === 'config.json');
    if (config === undefined) return 0;
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.store.readFile(config.digest)) chunks.push(chunk);
    return parameterCount(parseConfig(JSON.parse(Buffer.concat(chunks).toString('utf8'))));
  }
}
