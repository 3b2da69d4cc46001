/** The two best windows of a contestant agree when they are this close; then a third would hardly be better. */
const AGREEMENT = 0.97;
/** Rounds after which measuring ends even on a machine where no two windows agree. */
const DEFAULT_MAX_ROUNDS = 10;
const MIN_ROUNDS = 3;

function agrees(rates) {
  const [first, second] = [...rates].sort((a, b) => b - a);
  return second >= AGREEMENT * first;
}

/**
 * Measures several contestants in turns, one window each per round, so that the noise of a shared machine hits them
 * alike, and keeps the best window of each: interference only ever slows a window down. Goes on until the two best
 * windows of everyone agree.
 * @param contestants an object of functions, each of which measures one window and gives its rate, or an object of rates,
 *   which are then named `contestant rate`
 * @returns the best of each rate, and all of them under `windows`
 */
export async function takeTurns(contestants, maxRounds = DEFAULT_MAX_ROUNDS) {
  const windows = {};
  const note = (name, rate) => (windows[name] ??= []).push(rate);
  for (let round = 0; round < maxRounds; round++) {
    for (const [name, measure] of Object.entries(contestants)) {
      const rates = await measure();
      if (typeof rates === 'number') note(name, rates);
      else for (const [key, rate] of Object.entries(rates)) note(`${name} ${key}`, rate);
    }
    if (round + 1 >= MIN_ROUNDS && Object.values(windows).every(agrees)) break;
  }
  const best = Object.fromEntries(Object.entries(windows).map(([name, rates]) => [name, Math.max(...rates)]));
  return { best, windows };
}
