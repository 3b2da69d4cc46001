/** One bar, with the ends of its interval where it has one. */
export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly low?: number;
  readonly high?: number;
  /** What stands above it. */
  readonly text: string;
}

const WIDTH = 92;
const HEIGHT = 220;
const MARGIN = { top: 44, bottom: 34, side: 16 };
const SHADE = '#4c78a8';

/**
 * Bars as SVG, from zero to the largest value, in the colours of whoever looks at it.
 * @param title also for those who do not see it
 */
export function barPlot(title: string, bars: readonly Bar[]): string {
  const most = Math.max(...bars.map(({ value, high = value }) => high), Number.MIN_VALUE);
  const width = 2 * MARGIN.side + WIDTH * bars.length;
  const height = HEIGHT + MARGIN.top + MARGIN.bottom;
  const floor = MARGIN.top + HEIGHT;
  const y = (value: number) => (floor - (HEIGHT * value) / most).toFixed(1);
  const shapes = bars.flatMap(({ label, value, low, high, text }, i) => {
    const left = MARGIN.side + WIDTH * i;
    const middle = left + WIDTH / 2;
    const whisker =
      low === undefined || high === undefined
        ? []
        : [`<path d="M${middle} ${y(low)}V${y(high)}" stroke="currentColor" stroke-width="1.5"/>`];
    return [
      `<rect x="${left + 14}" y="${y(value)}" width="${WIDTH - 28}" height="${(floor - Number(y(value))).toFixed(1)}" fill="${SHADE}"/>`,
      ...whisker,
      `<text x="${middle}" y="${(Number(y(high ?? value)) - 6).toFixed(1)}" text-anchor="middle">${escaped(text)}</text>`,
      `<text x="${middle}" y="${floor + 18}" text-anchor="middle">${escaped(label)}</text>`,
    ];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" font-family="sans-serif" font-size="11" fill="currentColor">`,
    `<title>${escaped(title)}</title>`,
    `<text x="${MARGIN.side}" y="18" font-size="13">${escaped(title)}</text>`,
    ...shapes,
    `<path d="M${MARGIN.side} ${floor}H${width - MARGIN.side}" stroke="currentColor"/>`,
    '</svg>',
    '',
  ].join('\n');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
