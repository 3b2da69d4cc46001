/** An answer and what stands before it, for teacher and student. Both see the same answer; their prompts may differ in length. */
export interface BakeExample {
  /** Ids that the teacher sees before the answer, a system prompt among them. */
  readonly prompted: readonly number[];
  /** Ids that the student sees before it. */
  readonly plain: readonly number[];
  readonly answer: readonly number[];
}

/** Sizes of a batch; all batches of a training have the same. */
export interface BakeShape {
  readonly rows: number;
  /** Ids in a row of the teacher, and of the student. */
  readonly promptedLength: number;
  readonly plainLength: number;
  /** Answer tokens in a row, at most. */
  readonly answerLength: number;
}

/** The smallest sizes that every example fits into. */
export function bakeShape(examples: readonly BakeExample[], rows: number): BakeShape {
  const most = (length: (example: BakeExample) => number) =>
    examples.reduce((longest, example) => Math.max(longest, length(example)), 1);
  return {
    rows,
    promptedLength: most(({ prompted, answer }) => prompted.length + answer.length),
    plainLength: most(({ plain, answer }) => plain.length + answer.length),
    answerLength: most(({ answer }) => answer.length),
  };
}

/** What a step of baking computes with; places say from which token each answer token is predicted, so that both contexts line up at the answer. */
export function bakeBatch(examples: readonly BakeExample[], shape: BakeShape) {
  const { rows, promptedLength, plainLength, answerLength } = shape;
  const batch = {
    promptedIds: new Int32Array(rows * promptedLength),
    plainIds: new Int32Array(rows * plainLength),
    promptedPlaces: new Int32Array(rows * answerLength),
    plainPlaces: new Int32Array(rows * answerLength),
    weights: new Float32Array(rows * answerLength),
  };
  const tokens = examples.reduce((sum, { answer }) => sum + answer.length, 0);
  for (const [row, { prompted, plain, answer }] of examples.entries()) {
    batch.promptedIds.set([...prompted, ...answer], row * promptedLength);
    batch.plainIds.set([...plain, ...answer], row * plainLength);
    for (let t = 0; t < answer.length; t++) {
      const at = row * answerLength + t;
      batch.promptedPlaces[at] = row * promptedLength + prompted.length + t - 1;
      batch.plainPlaces[at] = row * plainLength + plain.length + t - 1;
      batch.weights[at] = 1 / tokens;
    }
  }
  return batch;
}
