import type { Range } from './filter-profiles.ts';

/** Text with the matched letters marked. */
export function MarkedText({
  text,
  ranges = [],
}: {
  readonly text: string;
  readonly ranges?: readonly Range[] | undefined;
}) {
  const pieces = ranges.map(([start, end], index) => {
    const before = text.slice(ranges[index - 1]?.[1] ?? 0, start);
    return [before, <mark key={start}>{text.slice(start, end)}</mark>];
  });
  return <>{[...pieces, text.slice(ranges.at(-1)?.[1] ?? 0)]}</>;
}
