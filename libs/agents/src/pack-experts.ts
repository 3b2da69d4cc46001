import {
  applyExperts,
  decompose,
  routePrompts,
  type Decomposition,
  type ExpertPack,
  type Model,
} from '@agent-forge/model';
import { ModelExperts } from './model-experts.js';
import type { ModelResponder } from './model-responder.js';

/** How {@link packExperts} computes. */
export interface PackExpertsOptions {
  /** Of the model's weights, where it is at hand; otherwise it is made when the first expert is asked. */
  readonly decomposition?: Decomposition;
  readonly threads?: number;
  readonly signal?: AbortSignal;
}

/**
 * The experts of a pack beside their model, each put into weights of its own when the first question goes to it; release them at the end. The class of a question is
 * what the pack's router says. @param responder of the model itself
 * @throws ForgeError `SHAPE_MISMATCH`, on the first question, when the pack is for other weights
 */
export function packExperts(
  model: Model,
  pack: ExpertPack,
  responder: ModelResponder,
  { decomposition, ...options }: PackExpertsOptions = {},
): ModelExperts {
  const { router } = pack;
  let known = decomposition;
  return new ModelExperts(
    pack.experts.map(({ name }) => name),
    (name) =>
      applyExperts(model, pack, { [name]: 1 }, { decomposition: (known ??= decompose(model.weights)), ...options }),
    options,
    router &&
      ((questions) =>
        routePrompts(
          model,
          router,
          questions.map((each) => responder.promptTokens(each)),
          options,
        )),
  );
}
