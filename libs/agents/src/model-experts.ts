import { ForgeError } from '@agent-forge/contracts';
import type { GeneratorOptions, Model } from '@agent-forge/model';
import { ModelResponder } from './model-responder.js';
import type { Classify, Experts } from './ports.js';

/** Models as experts: each is loaded when the first question goes to it. Release them when they are no longer needed. */
export class ModelExperts implements Experts {
  private readonly loaded = new Map<string, Promise<ModelResponder>>();

  /**
   * @param load the model of a name
   * @param classify without it, a route must name its expert
   */
  constructor(
    readonly names: readonly string[],
    private readonly load: (name: string) => Promise<Model>,
    private readonly options: GeneratorOptions & { readonly signal?: AbortSignal } = {},
    readonly classify: Classify | undefined = undefined,
  ) {}

  responder(name: string): Promise<ModelResponder> {
    if (!this.names.includes(name))
      throw new ForgeError('INVALID_ARGUMENT', `there is no expert "${name}"; there are ${this.names.join(', ')}`);
    const known = this.loaded.get(name);
    if (known) return known;
    const made = this.load(name).then((model) => ModelResponder.create(model, this.options));
    this.loaded.set(name, made);
    return made;
  }

  async release(): Promise<void> {
    for (const responder of this.loaded.values()) await (await responder).release();
    this.loaded.clear();
  }
}
