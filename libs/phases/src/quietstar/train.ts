import type { ArtifactName, Json } from '@agent-forge/contracts';
import type { PhaseContext } from '../phase.js';
import { continuedInput } from '../shared/continued-training.js';
import { runTrainings } from '../shared/run-trainings.js';
import type { StageProgress } from '../shared/stage-progress.js';
import type { TrainInput } from '../shared/train-task.js';
import { mixOf, type Manner } from './mixes.js';
import type { QuietstarParams } from './params.js';
import { reinforcement, teachingOptimizer, type QuietstarPlan } from './plan.js';
import type { ReinforceInput } from './reinforce-task.js';

type Context = PhaseContext<QuietstarParams>;

/** What was trained. */
export interface Trained {
  /** After the warm start; the model that came in where there is none. */
  readonly taught: ArtifactName;
  readonly plain: ArtifactName;
  readonly pause: ArtifactName;
  readonly reinforced: ArtifactName;
  readonly head: ArtifactName;
}

/** Teaches thoughts, trains the two controls at equal steps, and reinforces. @param start the model with the tokens that thoughts need */
export async function train(
  context: Context,
  start: ArtifactName,
  { teach, reinforce }: QuietstarPlan,
  progress: StageProgress,
): Promise<Trained> {
  const { params } = context;
  const training = (role: string, manner: Manner, steps: number) => trainInput(context, role, start, manner, steps);
  const controls = [training('no-thoughts', 'plain', teach + reinforce), training('pause', 'pause', teach + reinforce)];
  const inputs = [...(params.warmStart ? [training('taught', 'think', teach)] : []), ...controls];
  const made = await runTrainings(context, inputs, (role, now) => progress.at(`train ${role}`, now));
  const [plain, pause] = made.slice(-2) as [ArtifactName, ArtifactName];
  const taught = params.warmStart ? made[0]! : start;
  const task: ReinforceInput = { ...reinforcement(context), model: taught.id, steps: reinforce };
  const [output] = await context.runTasks('reinforce', [task as unknown as Json], (_, now) =>
    progress.at('reinforce', now),
  );
  progress.at('reinforce', { fraction: 1 });
  const [reinforced, head] = output!.artifacts as [ArtifactName, ArtifactName];
  return { taught, plain, pause, reinforced, head };
}

/** Trains a thinking model to answer without thoughts. */
export async function distil(
  context: Context,
  thinking: ArtifactName,
  steps: number,
  progress: StageProgress,
): Promise<ArtifactName> {
  const input = trainInput(context, 'distilled', thinking, 'plain', steps);
  const [made] = await runTrainings(context, [input], (role, now) => progress.at(`train ${role}`, now));
  return made!;
}

function trainInput(context: Context, role: string, from: ArtifactName, manner: Manner, steps: number): TrainInput {
  const { params, families } = context;
  return {
    ...continuedInput('quietstar', role, context, steps),
    from: { model: from.id },
    families: mixOf(families, params, manner),
    optimizer: teachingOptimizer(params),
  };
}
