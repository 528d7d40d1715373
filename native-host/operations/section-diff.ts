/** A line of a diff: `+` is new, `-` goes, and a blank one stays. */
export type DiffLine = { readonly sign: '+' | '-' | ' '; readonly text: string };

export type SectionDiff = {
  readonly lines: readonly DiffLine[];
  readonly added: number;
  readonly removed: number;
  readonly changed: number;
  readonly unchanged: number;
};

/**
 * What has become of the sections of a config file, section by section: those that are new, those that go, and the lines of those
 * that stay but differ. Sections that stay as they are are not shown, and what stands before the first one does not count.
 */
export function diffSections(before: readonly string[], after: readonly string[]): SectionDiff {
  const [old, now] = [sectionsOf(before), sectionsOf(after)];
  const lines: DiffLine[] = [];
  const count = { added: 0, removed: 0, changed: 0, unchanged: 0 };
  for (const [header, gone] of old) {
    if (now.has(header)) continue;
    count.removed += 1;
    lines.push(...gone.map((text) => ({ sign: '-', text }) as const));
  }
  for (const [header, section] of now) {
    const was = old.get(header);
    if (was === undefined) {
      count.added += 1;
      lines.push(...section.map((text) => ({ sign: '+', text }) as const));
    } else if (was.join('\n') === section.join('\n')) count.unchanged += 1;
    else {
      count.changed += 1;
      lines.push(...changedLines(was, section));
    }
  }
  return { lines, ...count };
}

/** Header -> all lines of it, blank ones left out; one that is there twice counts as one that is longer. */
function sectionsOf(lines: readonly string[]): Map<string, string[]> {
  const sections = new Map<string, string[]>();
  let current: string[] | undefined;
  for (const line of lines) {
    if (line.trim() === '') continue;
    if (line.startsWith('[')) {
      current = sections.get(line) ?? [];
      sections.set(line, current);
    }
    current?.push(line);
  }
  return sections;
}

function changedLines(was: readonly string[], is: readonly string[]): DiffLine[] {
  const [old, now] = [new Set(was), new Set(is)];
  const gone = was.filter((text) => !now.has(text)).map((text) => ({ sign: '-', text }) as const);
  const rest = is.map((text) => ({ sign: old.has(text) ? ' ' : '+', text }) as const);
  const [header, ...others] = rest;
  return header === undefined ? gone : [header, ...gone, ...others];
}
