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
 * @param contestants an object of functions, each of which measures one window and gives its rate
 * @returns the best rate of each, and all of them under `windows`
 */
export async function takeTurns(contestants, maxRounds = DEFAULT_MAX_ROUNDS) {
  const windows = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));
  const settled = () => Object.values(windows).every((rates) => rates.length >= MIN_ROUNDS && agrees(rates));
  for (let round = 0; round < maxRounds && !settled(); round++) {
    for (const [name, measure] of Object.entries(contestants)) windows[name].push(await measure());
  }
  const best = Object.fromEntries(Object.entries(windows).map(([name, rates]) => [name, Math.max(...rates)]));
  return { best, windows };
}
