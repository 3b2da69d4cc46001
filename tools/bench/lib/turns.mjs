/**
 * Measures several contestants in turns, one window each per round, so that the noise of a shared machine hits them
 * alike, and keeps the best window of each: interference only ever slows a window down.
 * @param contestants an object of functions, each of which measures one window and gives its rate
 * @returns the best rate of each, and all of them under `windows`
 */
export async function takeTurns(contestants, rounds) {
  const windows = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, measure] of Object.entries(contestants)) windows[name].push(await measure());
  }
  const best = Object.fromEntries(Object.entries(windows).map(([name, rates]) => [name, Math.max(...rates)]));
  return { best, windows };
}
