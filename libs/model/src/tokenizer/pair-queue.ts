/** A pair of neighbouring tokens and how often it was seen when it entered the queue. */
export interface CountedPair {
  /** Orders pairs of equal count: the smaller one comes first. */
  readonly key: number;
  readonly count: number;
}

const before = (a: CountedPair, b: CountedPair): boolean => a.count > b.count || (a.count === b.count && a.key < b.key);

/** Binary heap: the most frequent pair first, of equals the one with the smallest key, whatever the order of pushes. */
export class PairQueue {
  private readonly heap: CountedPair[] = [];

  push(item: CountedPair): void {
    const { heap } = this;
    let at = heap.push(item) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(item, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = item;
  }

  pop(): CountedPair | undefined {
    const { heap } = this;
    const top = heap[0];
    const last = heap.pop();
    if (heap.length > 0 && last !== undefined) this.sink(last);
    return top;
  }

  private sink(item: CountedPair): void {
    const { heap } = this;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (!before(heap[child]!, item)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = item;
  }
}
