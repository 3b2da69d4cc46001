import { describe, expect, test } from '@jest/globals';
import { gradients } from '../ir/autodiff.js';
import { Graph, type Value } from '../ir/graph.js';
import { exp } from '../ops/exp.js';
import { logSoftmax } from '../ops/log-softmax.js';
import { mul } from '../ops/mul.js';
import { neg } from '../ops/neg.js';
import { pick } from '../ops/pick.js';
import { reduceSum } from '../ops/reduce-sum.js';
import { sub } from '../ops/sub.js';
import { feedsOf, inputsOf, runOnce } from '../testing/evaluate.js';
import { readFixture } from '../testing/fixtures.js';
import { type Operand, operand } from '../testing/operand.js';
import { map } from '../testing/plain.js';

const fixture = readFixture('losses.safetensors');
const IGNORED = -100;

async function lossAndGradient(
  operands: readonly Operand[],
  float: 'float32' | 'float64',
  loss: (v: Value[]) => Value,
) {
  const graph = new Graph({ float });
  const inputs = inputsOf(graph, operands);
  const value = loss(inputs);
  const [gradient] = gradients(value, [inputs[0]!]);
  return runOnce(graph, { loss: value, gradient: gradient! }, feedsOf(graph, operands));
}

function compare(got: Record<string, Operand>, loss: Operand, gradient: Operand, tolerance: number): void {
  expect(Math.abs(got['loss']!.values[0]! - loss.values[0]!)).toBeLessThan(tolerance);
  gradient.values.forEach((v, i) => expect(Math.abs(got['gradient']!.values[i]! - v)).toBeLessThan(tolerance));
}

/** The losses of training as they are put together from ops, against PyTorch's. */
describe.each([
  ['float64', 1e-9],
  ['float32', 1e-5],
] as const)('in %s', (float, tolerance) => {
  test('cross-entropy with masked targets, and its gradient', async () => {
    const targets = fixture['ce.targets']!;
    const kept = targets.values.map((t) => Number(t !== IGNORED));
    const weights = operand(
      [kept.length],
      kept.map((k) => k / kept.filter(Boolean).length),
    );
    const ids: Operand = { ...map(targets, (t) => Math.max(t, 0)), dtype: 'int64' };
    const got = await lossAndGradient([fixture['ce.logits']!, ids, weights], float, ([logits, t, w]) =>
      reduceSum(mul(neg(pick(logSoftmax(logits!), t!)), w!)),
    );
    compare(got, fixture['ce.loss']!, fixture['ce.grad']!, tolerance);
    const row = fixture['ce.logits']!.shape[1]!;
    const masked = got['gradient']!.values.filter((_, i) => kept[Math.floor(i / row)] === 0);
    expect(masked.every((v) => v === 0)).toBe(true);
  });

  test('forward KL of a student from a teacher, and its gradient', async () => {
    const { 'kl.student': student, 'kl.teacher': teacher } = fixture as {
      'kl.student': Operand;
      'kl.teacher': Operand;
    };
    const got = await lossAndGradient([student, teacher], float, ([s, t]) => {
      const [p, q] = [logSoftmax(t!), logSoftmax(s!)];
      return mul(reduceSum(mul(exp(p), sub(p, q))), s!.graph.scalar(1 / student.shape[0]!));
    });
    compare(got, fixture['kl.loss']!, fixture['kl.grad_student']!, tolerance);
  });
});
