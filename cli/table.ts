import { printable } from './output.ts';
import { textWidth } from './text-width.ts';

// Width of a column with its padding, as aws-vault's scripts' readers know them.
const MIN_COLUMN_WIDTH = 25;
const COLUMN_PADDING = 2;

/**
 * aws-vault's list: a header and three columns, every cell filled up with blanks, the last one too; columns of ours come after.
 * Its readers count letters, people see columns.
 */
export function listTable(
  rows: readonly (readonly string[])[],
  { more = [], isForTerminal }: { readonly more?: readonly string[]; readonly isForTerminal: boolean },
): string {
  const widthOf = isForTerminal ? textWidth : lengthOf;
  const titles = ['Profile', 'Credentials', 'Sessions', ...more];
  const lines = [titles, titles.map((title) => '='.repeat(title.length)), ...rows].map((row) => row.map(printable));
  const widths = titles.map((_title, column) =>
    Math.max(MIN_COLUMN_WIDTH, ...lines.map((line) => widthOf(line[column] ?? '') + COLUMN_PADDING)),
  );
  const filled = lines.map((line) =>
    widths.map((width, column) => padded(line[column] ?? '', width, widthOf)).join(''),
  );
  // Blanks at the end of a line that is as wide as the terminal would begin another one.
  return filled.map((line) => `${isForTerminal ? line.trimEnd() : line}\n`).join('');
}

/** Rows of cells in columns two blanks apart, without trailing blanks, each line indented. */
export function alignedColumns(rows: readonly (readonly string[])[], indent = 2): string {
  const cells = rows.map((row) => row.map(printable));
  const count = Math.max(0, ...cells.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, column) =>
    Math.max(...cells.map((row) => textWidth(row[column] ?? ''))),
  );
  const lines = cells.map((row) =>
    row
      .map((cell, column) => padded(cell, widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return lines.map((line) => `${' '.repeat(indent)}${line}\n`).join('');
}

function padded(cell: string, width: number, widthOf = textWidth): string {
  return cell + ' '.repeat(Math.max(0, width - widthOf(cell)));
}

/** In letters, as aws-vault counts them. */
function lengthOf(cell: string): number {
  return /[\ud800-\udfff]/.test(cell) ? [...cell].length : cell.length;
}
