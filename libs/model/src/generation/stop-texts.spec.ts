import { expect, test } from '@jest/globals';
import { Rng } from '@agent-forge/contracts';
import { StopTexts } from './stop-texts.js';

function run(stops: readonly string[], pieces: readonly string[]) {
  const filter = new StopTexts(stops);
  const shown = pieces.map((piece) => filter.push(piece));
  return { shown, rest: filter.end(), stopped: filter.stopped };
}

test.each([
  { title: 'inside one piece', stops: ['END'], pieces: ['one END two'], want: ['one '], stopped: true },
  {
    title: 'across pieces',
    stops: ['END'],
    pieces: ['one E', 'N', 'D two', 'three'],
    want: ['one ', '', '', ''],
    stopped: true,
  },
  {
    title: 'a beginning that leads to nothing',
    stops: ['END'],
    pieces: ['one E', 'NTER'],
    want: ['one ', 'ENTER'],
    stopped: false,
  },
  {
    title: 'a beginning that begins again',
    stops: ['aab'],
    pieces: ['aa', 'a', 'b'],
    want: ['', 'a', ''],
    stopped: true,
  },
  { title: 'the first of several', stops: ['two', 'on'], pieces: ['one two'], want: [''], stopped: true },
  { title: 'none given', stops: [], pieces: ['one', ''], want: ['one', ''], stopped: false },
])('$title', ({ stops, pieces, want, stopped }) => {
  const found = run(stops, pieces);
  expect(found.shown).toEqual(want);
  expect(found.stopped).toBe(stopped);
});

test('what is held back comes at the end, if nothing stopped', () => {
  expect(run(['END'], ['the EN']).rest).toBe('EN');
  expect(run(['END'], ['the END']).rest).toBe('');
});

test('however a text is cut, what is shown is the part before the first stop text', () => {
  const rng = Rng.derive(2, 'cuts');
  for (let round = 0; round < 500; round++) {
    const letters = (n: number) => Array.from({ length: n }, () => rng.pick(['a', 'b', 'c'])).join('');
    const [text, stops] = [letters(12), [letters(1 + rng.int(3)), letters(2)]];
    const pieces: string[] = [];
    for (let at = 0; at < text.length;) {
      const n = 1 + rng.int(4);
      pieces.push(text.slice(at, at + n));
      at += n;
    }
    const { shown, rest, stopped } = run(stops, pieces);
    const starts = stops.map((s) => text.indexOf(s)).filter((at) => at >= 0);
    // A stop text that is complete earlier wins over one that starts earlier but is complete later.
    const all = shown.join('') + rest;
    expect(stopped).toBe(starts.length > 0);
    expect(text.startsWith(all)).toBe(true);
    if (stopped) expect(stops.some((s) => text.startsWith(s, all.length))).toBe(true);
    else expect(all).toBe(text);
    for (const s of stops) expect(all.includes(s)).toBe(false);
  }
});
