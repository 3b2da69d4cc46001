import type { ProgressStream } from './progress-line.js';

/** Where the output is a file or a pipe, each line shows up this often at most. */
const PLAIN_INTERVAL_MS = 5_000;
const UP = (lines: number) => `\u001b[${lines}A`;
const CLEAR_LINE = '\u001b[2K';

/** Several named lines that are redrawn together on a terminal, and plain lines now and then elsewhere. */
export class ProgressBoard {
  readonly #lines = new Map<string, string>();
  readonly #shownMs = new Map<string, number>();
  #drawn = 0;

  constructor(private readonly stream: ProgressStream) {}

  /**
   * Sets a line; a new name goes to the bottom.
   * @param matters shown in plain output even when the last was shown a moment ago
   */
  update(name: string, text: string, matters = false): void {
    if (this.#lines.get(name) === text) return;
    this.#lines.set(name, text);
    if (this.stream.isTTY) return this.#draw();
    const nowMs = performance.now();
    if (!matters && nowMs - (this.#shownMs.get(name) ?? -Infinity) < PLAIN_INTERVAL_MS) return;
    this.#shownMs.set(name, nowMs);
    this.stream.write(`${text}\n`);
  }

  /** A line above the board that stays. */
  note(text: string): void {
    if (!this.stream.isTTY) this.stream.write(`${text}\n`);
    else this.#draw(`${CLEAR_LINE}${text}\n`);
  }

  #draw(above = ''): void {
    const width = (this.stream.columns ?? 80) - 1;
    const lines = [...this.#lines.values()].map((line) => `${CLEAR_LINE}${line.slice(0, width)}\n`);
    this.stream.write(`${this.#drawn > 0 ? UP(this.#drawn) : ''}${above}${lines.join('')}`);
    this.#drawn = lines.length;
  }
}
