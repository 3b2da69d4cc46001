import { describe, expect, test } from '@jest/globals';
import { ProgressBoard } from './progress-board.js';

/** Keeps what is written, and what a terminal would show of it. */
class Screen {
  written = '';
  constructor(
    readonly isTTY: boolean,
    readonly columns = 40,
  ) {}

  write = (text: string): boolean => {
    this.written += text;
    return true;
  };

  /** The lines on the screen: understands "up N lines" and "clear the line", which is all that a board uses. */
  shown(): string[] {
    const lines: string[] = [];
    let row = 0;
    for (const [, up, , text = ''] of this.written.matchAll(/\u001b\[(\d+)A|(\u001b\[2K)?([^\n\u001b]*)\n/g)) {
      if (up !== undefined) row -= Number(up);
      else lines[row++] = text;
    }
    return lines;
  }
}

describe('a board', () => {
  test('on a terminal redraws its lines in place; notes stay above them', () => {
    const screen = new Screen(true);
    const board = new ProgressBoard(screen);
    board.note('start');
    board.update('a', 'a 1');
    board.update('b', 'b 1');
    board.update('a', 'a 2');
    board.note('something happened');
    board.update('b', `b ${'x'.repeat(100)}`);
    expect(screen.shown()).toEqual(['start', 'something happened', 'a 2', `b ${'x'.repeat(37)}`]);
  });

  test('elsewhere writes plain lines: the first, those that matter, and few of the others', () => {
    const screen = new Screen(false);
    const board = new ProgressBoard(screen);
    board.note('start');
    for (let i = 1; i <= 100; i++) board.update('a', `a ${i}`);
    board.update('b', 'b 1');
    board.update('a', 'a done', true);
    board.update('a', 'a done', true);
    expect(screen.written).toBe('start\na 1\nb 1\na done\n');
  });
});
