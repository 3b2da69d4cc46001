import type { HostTensor } from '@agent-forge/tensor';

/** Added to the score of a key that must not be seen: vanishes in softmax and stays finite in sums. */
const MASKED = -1e9;

/**
 * A batch of texts with thoughts behind some of their positions (Quiet-STaR, Zelikman et al. 2024, arXiv:2403.09629, section 4.2). A row holds the
 * text, then blocks of one token for each anchor: first the start of every thought, then every thought's first token, and so on. A block's
 * token sees its anchor's causal prefix and the earlier tokens of its own thought, never another thought, so that all thoughts of a row are
 * computed in one pass.
 */
export interface ThoughtRows {
  /** Tokens of each text; shorter ones are padded, and the padding is seen by nobody. */
  readonly texts: readonly (readonly number[])[];
  /** The positions in each text after which a thought stands; the same number for each. */
  readonly anchors: readonly (readonly number[])[];
}

/** Where things are in a row. */
export interface ThoughtLayout {
  readonly rows: number;
  /** Tokens of the longest text. */
  readonly length: number;
  /** Thoughts in a row. */
  readonly anchors: number;
  /** Tokens of each thought that are there, start and end included. */
  readonly blocks: number;
  /** Tokens in a row: `length + anchors · blocks`. */
  readonly width: number;
}

export function thoughtLayout({ texts, anchors }: ThoughtRows, blocks: number): ThoughtLayout {
  const length = texts.reduce((most, text) => Math.max(most, text.length), 1);
  const count = anchors[0]?.length ?? 0;
  return { rows: texts.length, length, anchors: count, blocks, width: length + count * blocks };
}

/** The place of block `block` of anchor number `anchor` in its row. */
export function blockPlace({ length, anchors }: ThoughtLayout, block: number, anchor: number): number {
  return length + block * anchors + anchor;
}

/**
 * Ids, positions and mask of the rows.
 * @param blocks the thoughts' tokens: `blocks[b][row · anchors + a]`
 * @param padId for the ends of shorter texts
 */
export function thoughtInputs(
  rows: ThoughtRows,
  blocks: readonly Int32Array[],
  padId: number,
): { layout: ThoughtLayout; inputIds: HostTensor; positions: HostTensor; mask: HostTensor } {
  const layout = thoughtLayout(rows, blocks.length);
  const { width } = layout;
  const shape = [layout.rows, width];
  const ids = new Int32Array(layout.rows * width).fill(padId);
  const positions = new BigInt64Array(layout.rows * width);
  const mask = new Float32Array(layout.rows * width * width).fill(MASKED);
  rows.texts.forEach((text, row) => {
    ids.set(text, row * width);
    for (let i = 0; i < layout.length; i++) positions[row * width + i] = BigInt(i);
    rows.anchors[row]!.forEach((anchor, a) => {
      blocks.forEach((block, b) => {
        const at = row * width + blockPlace(layout, b, a);
        ids[at] = block[row * layout.anchors + a]!;
        positions[at] = BigInt(anchor + 1 + b);
      });
    });
    writeMask(mask.subarray(row * width * width, (row + 1) * width * width), layout, rows.anchors[row]!);
  });
  return {
    layout,
    inputIds: { dtype: 'int32', shape, data: ids },
    positions: { dtype: 'int64', shape, data: positions },
    mask: { dtype: 'float32', shape: [layout.rows, 1, width, width], data: mask },
  };
}

/** 0 where a token of the row may see another. */
function writeMask(mask: Float32Array, layout: ThoughtLayout, anchors: readonly number[]): void {
  const { length, width, blocks } = layout;
  for (let i = 0; i < length; i++) mask.fill(0, i * width, i * width + i + 1);
  anchors.forEach((anchor, a) => {
    for (let b = 0; b < blocks; b++) {
      const query = blockPlace(layout, b, a) * width;
      mask.fill(0, query, query + anchor + 1);
      for (let earlier = 0; earlier <= b; earlier++) mask[query + blockPlace(layout, earlier, a)] = 0;
    }
  });
}
