import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Where uploads lie until they are checked. */
export class Staging {
  /** @param root scratch folders of killed services are swept there by the next ones */
  constructor(private readonly root: string) {}

  /** Gives an empty folder to some work, which is gone afterwards: nothing of an upload that is refused ever reaches the store. */
  async with<T>(work: (dir: string) => Promise<T>): Promise<T> {
    const dir = join(this.root, `upload-${randomUUID()}`);
    await mkdir(dir, { recursive: true, mode: 0o700 });
    try {
      return await work(dir);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  }
}
