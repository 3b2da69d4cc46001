import { parentPort, workerData } from 'node:worker_threads';
import { ForgeError, type ErrorCode } from '@agent-forge/contracts/core';
import { FolderMerger } from './folder-merger.js';
import { storedBytes } from './merge-tensor.js';
import type { MergeWork } from '../plan/plan.js';

/** What a thread is started with. */
export interface MergeThreadStart {
  readonly work: MergeWork;
  /** Folders of the models, by their index in the plan. */
  readonly paths: readonly string[];
  /** Where results go, as they are stored. */
  readonly results: SharedArrayBuffer;
}

/** Please compute this tensor, and put it there. */
export interface MergeTask {
  /** Index in the plan. */
  readonly tensor: number;
  readonly offset: number;
}

/** The answer to a {@link MergeTask}. */
export type MergeAnswer =
  | { readonly tensor: number; readonly failed: null }
  | {
      readonly tensor: number;
      readonly failed: { readonly code: ErrorCode; readonly message: string; readonly stack: string };
    };

const port = parentPort!;
const { work, paths, results } = workerData as MergeThreadStart;
const merger = FolderMerger.open(work, paths);

port.on('message', ({ tensor, offset }: MergeTask) => {
  const out = new Uint8Array(results, offset, storedBytes(work.tensors[tensor]!));
  merger
    .then((opened) => opened.merge(tensor, out))
    .then(
      () => port.postMessage({ tensor, failed: null } satisfies MergeAnswer),
      (thrown: unknown) => {
        const { code, message, stack = '' } = ForgeError.from(thrown);
        port.postMessage({ tensor, failed: { code, message, stack } } satisfies MergeAnswer);
      },
    );
});
