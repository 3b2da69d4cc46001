/** A figure as a person reads it: three significant digits, thousands grouped. */
function show(value) {
  if (value === undefined || value === null) return '-';
  if (typeof value !== 'number') return String(value);
  const digits = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toLocaleString('en-US', { maximumFractionDigits: Math.min(digits, 4) });
}

/**
 * Rows as a text table, numbers to the right.
 * @param columns pairs of heading and key of the row
 */
export function table(rows, columns) {
  const lines = [columns.map(([heading]) => heading), ...rows.map((row) => columns.map(([, key]) => show(row[key])))];
  const widths = columns.map((_, c) => Math.max(...lines.map((line) => line[c].length)));
  const text = columns.map(([, key]) => rows.every((row) => typeof row[key] === 'string'));
  const pad = (cell, c) => (text[c] ? cell.padEnd(widths[c]) : cell.padStart(widths[c]));
  return lines.map((line) => line.map(pad).join('  ').trimEnd()).join('\n');
}
