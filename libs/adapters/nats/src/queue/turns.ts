/** Whose turn it is: those who may have work come one after the other, and whoever had a turn goes to the end. */
export class Turns {
  /** Who may have work, in the order of their turns; and whether there is word that work is there, or only a guess. */
  readonly #waiting = new Map<string, boolean>();

  /** Lets one take a turn; who waits already keeps the place. @param isTold there is word of work, which may still be on its way */
  add(name: string, isTold: boolean): void {
    this.#waiting.set(name, isTold || (this.#waiting.get(name) ?? false));
  }

  /** Takes the next one out. */
  next(): { name: string; isTold: boolean } | undefined {
    for (const [name, isTold] of this.#waiting) {
      this.#waiting.delete(name);
      return { name, isTold };
    }
    return undefined;
  }
}
