/**
 * Passes streamed text on until one of some stop texts appears in it, and nothing from its beginning on. Text that may
 * be the start of a stop text is held back until it is known not to be.
 */
export class StopTexts {
  private held = '';
  private found = false;

  /** @param stops texts, none of them empty */
  constructor(private readonly stops: readonly string[]) {}

  /** Whether a stop text has appeared; no more text is passed on then. */
  get stopped(): boolean {
    return this.found;
  }

  /** The part of the text so far that is now known to come before any stop text. */
  push(piece: string): string {
    if (this.found) return '';
    this.held += piece;
    const starts = this.stops.map((stop) => this.held.indexOf(stop)).filter((at) => at >= 0);
    this.found = starts.length > 0;
    const passed = this.held.slice(0, this.found ? Math.min(...starts) : this.held.length - this.heldBack());
    this.held = this.held.slice(passed.length);
    return passed;
  }

  /** What was held back, when the text has ended without a stop text. */
  end(): string {
    return this.found ? '' : this.held;
  }

  /** Length of the longest end of the text that is a beginning of a stop text. */
  private heldBack(): number {
    const overlap = (stop: string): number => {
      let n = Math.min(stop.length - 1, this.held.length);
      while (n > 0 && !stop.startsWith(this.held.slice(this.held.length - n))) n--;
      return n;
    };
    return Math.max(0, ...this.stops.map(overlap));
  }
}
