import { closeSync, openSync, readSync } from 'node:fs';
import { shown } from '../shown.js';
import { fileError } from './file-access.js';
import { invalidSafetensors } from './header.js';
import type { OpenTensor, StoredTensor } from './tensor-source.js';

/** Opens the bytes of a tensor. @param positionBytes where it begins in the file */
export function openStretches(path: string, name: string, stored: StoredTensor, positionBytes: number): OpenTensor {
  const file = guarded(path, () => openSync(path, 'r'));
  return {
    ...stored,
    read: (startBytes, target) => {
      for (let done = 0; done < target.length;) {
        const left = target.length - done;
        const count = guarded(path, () => readSync(file, target, done, left, positionBytes + startBytes + done));
        if (count === 0) throw invalidSafetensors(path, `it ends inside tensor ${shown(name)}`);
        done += count;
      }
    },
    close: () => closeSync(file),
  };
}

function guarded<T>(path: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw fileError(path, error);
  }
}
