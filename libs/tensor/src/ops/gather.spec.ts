import { describeMistakes, describeOp } from '../testing/describe-op.js';
import { type Operand, integers, uniform } from '../testing/operand.js';
import { at, tabulate } from '../testing/plain.js';
import { gather } from './gather.js';

function looked(table: Operand, ids: Operand): Operand {
  return tabulate([...ids.shape, ...table.shape.slice(1)], (index) =>
    at(table, [at(ids, index.slice(0, ids.shape.length)), ...index.slice(ids.shape.length)]),
  );
}

const use = (title: string, table: Operand, ids: Operand) => ({
  title,
  operands: [table, ids],
  build: ([t, i]: Parameters<typeof gather>[0][]) => gather(t!, i!),
  expected: looked(table, ids),
});
const table = uniform('gather', [4, 3]);

// Ten draws out of four rows: some rows repeat, and the gradient of those adds up.
describeOp('gather', [
  use('rows of a matrix', table, integers('ids', [10], 4)),
  use('a batch of int32 ids', table, integers('ids', [2, 5], 4, 'int32')),
  use('elements of a vector', uniform('gather', [4]), integers('ids', [2, 3], 4)),
  use('one row', table, integers('ids', [], 4)),
  use('rows of a tensor of rank 3', uniform('gather', [4, 2, 3]), integers('ids', [5], 4)),
]);

describeMistakes('gather', [
  {
    title: 'float indices',
    operands: [table, uniform('ids', [3])],
    build: ([t, i]) => gather(t!, i!),
    message: /indices are integers, not float32/,
  },
  {
    title: 'a table without rows',
    operands: [uniform('gather', []), integers('ids', [3], 4)],
    build: ([t, i]) => gather(t!, i!),
    message: /\[\] has none/,
  },
]);
