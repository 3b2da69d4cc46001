import type { WriteStream } from 'node:tty';

const BAR_WIDTH = 24;
/** Where the output is a file or a pipe, a line this often says that work goes on. */
const PLAIN_INTERVAL_MS = 5_000;
const CLEAR = '\r\u001b[2K';

/** Where progress is shown: a terminal or something else. */
export type ProgressStream = Pick<WriteStream, 'write'> & { isTTY?: boolean; columns?: number };

/** A bar of a share from 0 to 1. */
export function bar(share: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * BAR_WIDTH);
  return `[${'#'.repeat(full)}${'.'.repeat(BAR_WIDTH - full)}]`;
}

/** Seconds as `42 s`, `3 min 05 s` or `2 h 10 min`. */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  const pad = (n: number) => String(n).padStart(2, '0');
  return s < 3600
    ? `${Math.floor(s / 60)} min ${pad(s % 60)} s`
    : `${Math.floor(s / 3600)} h ${pad(Math.floor((s % 3600) / 60))} min`;
}

/** One line that is redrawn on a terminal, and a plain line now and then elsewhere. */
export class ProgressLine {
  private open = false;
  private lastPlainMs = -Infinity;

  constructor(private readonly stream: ProgressStream) {}

  /** @param final the last state, which is always shown */
  update(text: string, final = false): void {
    if (this.stream.isTTY) {
      this.stream.write(`${CLEAR}${text.slice(0, (this.stream.columns ?? 80) - 1)}`);
      this.open = true;
      return;
    }
    const now = performance.now();
    if (!final && now - this.lastPlainMs < PLAIN_INTERVAL_MS) return;
    this.lastPlainMs = now;
    this.stream.write(`${text}\n`);
  }

  /** A line that stays. */
  note(text: string): void {
    this.end();
    this.stream.write(`${text}\n`);
  }

  /** Leaves the last state standing. */
  end(): void {
    if (this.open) this.stream.write('\n');
    this.open = false;
  }
}
