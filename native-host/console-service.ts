import { CONSOLE_SERVICES, type ConsoleService } from './console-services.ts';
import { VaultError } from './errors.ts';

/** Every name and alias there is, for completions, in the order of the alphabet. */
export function consoleServiceNames(): string[] {
  return [...byName().keys()].sort();
}

/**
 * The console's service of this name or alias, in any case of letters.
 * @throws VaultError USAGE with the names that are most like it
 */
export function consoleService(name: string): ConsoleService {
  const names = byName();
  const wanted = name.trim().toLowerCase();
  const found = names.get(wanted);
  if (found !== undefined) return found;
  const near = nearest(wanted, [...names.keys()]);
  const advice =
    near.length > 0
      ? `did you mean ${near.join(', ')}? Any other page: --path`
      : 'use --path with its page, such as --path s3/home';
  const message = `${JSON.stringify(name.slice(0, 60))} is not a service of the console that Keyturn knows; ${advice}`;
  throw new VaultError('USAGE', message, { details: { flag: 'service' } });
}

function byName(): Map<string, ConsoleService> {
  const entries = Object.entries(CONSOLE_SERVICES);
  return new Map(entries.flatMap(([name, service]) => [name, ...(service.aliases ?? [])].map((one) => [one, service])));
}

const MAX_SUGGESTIONS = 5;

/** Names that begin with what was typed, then those that hold it, then those a slip or two away. */
function nearest(wanted: string, names: readonly string[]): string[] {
  const slips = Math.max(1, Math.floor(wanted.length / 3));
  const rank = (name: string): number => {
    if (wanted.length > 1 && name.startsWith(wanted)) return 0;
    if (wanted.length > 2 && (name.includes(wanted) || wanted.includes(name)) && name.length > 2) return 1;
    const distance = editDistance(wanted, name);
    return distance <= slips ? 1 + distance : Number.POSITIVE_INFINITY;
  };
  return names
    .map((name) => ({ name, rank: rank(name) }))
    .filter((one) => Number.isFinite(one.rank))
    .sort((a, b) => a.rank - b.rank || a.name.localeCompare(b.name))
    .slice(0, MAX_SUGGESTIONS)
    .map(({ name }) => name);
}

/** Letters to add, take away, change or swap with the next one. */
function editDistance(from: string, to: string): number {
  const rows = [Array.from({ length: to.length + 1 }, (_, column) => column)];
  for (let row = 1; row <= from.length; row += 1) {
    const line = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const cell = (up: number, left: number): number => (up === 0 ? line : rows[row - up])?.[column - left] ?? 0;
      const isSame = from[row - 1] === to[column - 1];
      const isSwap = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      const ways = [cell(1, 0) + 1, cell(0, 1) + 1, cell(1, 1) + (isSame ? 0 : 1)];
      line.push(Math.min(...ways, ...(isSwap ? [cell(2, 2) + 1] : [])));
    }
    rows.push(line);
  }
  return rows.at(-1)?.at(-1) ?? 0;
}
