import type { ParamMistake } from '../param-mistakes.js';
import type { TrainingParams } from './params.js';

/** What the schema of the parameters cannot say: how they must fit to each other and to the recipe's families. */
export function check(params: TrainingParams, families: Readonly<Record<string, number>>): ParamMistake[] {
  const { arms, grokfastFilter, grokfastWindow, steps = Infinity, curriculum, edgeOfChaos } = params;
  const { minSuccess, maxSuccess, dreamEvery, dreamSteps } = params;
  const mistakes: ParamMistake[] = [];
  const wrong = (name: string, problem: string) => mistakes.push({ path: [name], problem });
  const hasTasks = Object.keys(families).length > 0;
  if (arms.includes('shuffled') && curriculum === 'none' && !edgeOfChaos)
    wrong('arms', 'has shuffled, the control of an order, and there is none: set curriculum or edgeOfChaos');
  if (arms.includes('grokfast') && grokfastFilter === 'ma' && grokfastWindow > steps)
    wrong(
      'grokfastWindow',
      `is ${grokfastWindow}; in ${steps} steps it would never be full, and grokfast would be plain`,
    );
  if (edgeOfChaos && curriculum !== 'none')
    wrong('edgeOfChaos', `is true beside curriculum ${curriculum}; only one of them can set the order`);
  if (edgeOfChaos && !hasTasks)
    wrong('edgeOfChaos', 'is true, but success is counted on task items and the recipe has no families');
  if (curriculum === 'length' && !hasTasks)
    wrong('curriculum', 'is length, but pieces of text are all equally long; take loss');
  if (minSuccess >= maxSuccess) wrong('minSuccess', `is ${minSuccess}, not below maxSuccess ${maxSuccess}`);
  if (dreamSteps > dreamEvery) wrong('dreamSteps', `is ${dreamSteps}, more than the ${dreamEvery} steps of dreamEvery`);
  if (arms.includes('dream') && dreamEvery > steps)
    wrong('dreamEvery', `is ${dreamEvery}; in ${steps} steps there would be no dream, and the arm would be plain`);
  return mistakes;
}
