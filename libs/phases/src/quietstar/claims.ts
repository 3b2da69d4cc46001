import { skillOf, type ClaimContext, type PhaseClaim } from '../shared/claims/claim.js';
import { rowOf, Yardstick } from '../shared/yardstick.js';
import { prepare } from './form.js';
import { questionsOf } from './measure-arms.js';
import { marked, measureAnswers, ownThoughts, shuffled, type Between } from './measure.js';
import type { QuietstarParams } from './params.js';
import { CONTROLS } from './report.js';

/** Answers with the later model's own thoughts before them, beside the controls: those that were trained as they were, thoughts of others and none anew. */
export async function claims(context: ClaimContext<QuietstarParams>): Promise<PhaseClaim[]> {
  const { model, params, families, seed, report } = context;
  const { form } = prepare(model, params, families, seed);
  const yardstick = await Yardstick.of(context, 'report', params.itemsPerFamily);
  const questions = questionsOf(context, model, form.families, yardstick);
  const own = await ownThoughts(model, questions, form, context);
  const measured = async (between: Between) =>
    skillOf(rowOf('', await measureAnswers(model, questions, between, context)))!;
  const thinking = await measured(marked(own, form));
  const anew = new Map([
    ['shuffled', await measured(marked(shuffled(own, seed), form))],
    ['skipped', await measured([])],
  ]);
  const before = new Map(report.rows.map((each) => [each.name, skillOf(each)]));
  return [...CONTROLS, 'skipped'].flatMap((control): PhaseClaim[] => {
    const [then, beside] = [before.get('thinking'), before.get(control)];
    if (!then || !beside) return [];
    const { unit } = then;
    return [
      {
        ...{ metric: `${unit === 'share' ? 'accuracy' : unit} with thoughts`, control, unit },
        then: { value: then.value, control: beside.value },
        now: { value: thinking.value, control: (anew.get(control) ?? beside).value },
      },
    ];
  });
}
