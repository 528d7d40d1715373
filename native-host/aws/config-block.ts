import { VaultError } from '../errors.ts';
import { type ScannedSection, scanConfig } from './config-scan.ts';

/** A part of a config file that a program writes, between two comments. `name` tells blocks of one kind apart. */
export type BlockPlace = { readonly file: string; readonly kind: string; readonly name: string };

export type Block = {
  /** What stands between the two comments, without line ends; absent where there is no block. */
  readonly lines: readonly string[] | undefined;
  /** The profiles of the rest of the file, each with the line of its header. */
  readonly otherProfiles: ReadonlyMap<string, number>;
};

/**
 * Reads a block, and what is beside it.
 * @throws VaultError CONFIG_INVALID for a block that has lost one of its comments, or a line after it that belongs into it
 */
export function readBlock(bytes: Buffer, place: BlockPlace): Block {
  const lines = linesOf(bytes);
  const range = rangeOf(lines, place);
  const outside = sectionsOutside(bytes, range, place);
  const profiles = outside.filter(({ type }) => type === 'profile' || type === 'profile-default');
  return {
    lines: range && lines.slice(range.begin + 1, range.end).map((line) => utf8(withoutReturn(line))),
    otherProfiles: new Map(profiles.map(({ name, line }) => [name, line] as const).reverse()),
  };
}

/**
 * The file with other lines in the block, or without it where there are none. No other byte is changed; a new block comes to the
 * end of the file.
 * @throws VaultError as readBlock does
 */
export function replaceBlock(bytes: Buffer, place: BlockPlace, content: readonly string[]): Buffer {
  const lines = linesOf(bytes);
  const range = rangeOf(lines, place);
  const [begin, end] = markers(place);
  const lineEnd = bytes.includes('\r\n') ? '\r' : '';
  const block = content.length === 0 ? [] : [begin, ...content, end].map((line) => latin1(line) + lineEnd);
  const after =
    range === undefined
      ? appended(bytes, block)
      : Buffer.from(lines.toSpliced(range.begin, range.end - range.begin + 1, ...block).join('\n'), 'latin1');
  const isSame = restOf(bytes, place) === restOf(after, place);
  if (!isSame) throw new VaultError('INTERNAL', `${place.file}: writing the block would change what stands beside it`);
  return after;
}

type Range = { readonly begin: number; readonly end: number };

function markers({ kind, name }: BlockPlace): [string, string] {
  return [`# BEGIN ${kind} ${name}`, `# END ${kind} ${name}`];
}

function rangeOf(lines: readonly string[], place: BlockPlace): Range | undefined {
  const [begins, ends] = markers(place).map((marker) =>
    lines.flatMap((line, index) => (line.trimEnd() === latin1(marker) ? [index] : [])),
  );
  const [begin, ...moreBegins] = begins ?? [];
  const [end, ...moreEnds] = ends ?? [];
  if (begin === undefined && end === undefined) return undefined;
  if (begin !== undefined && end !== undefined && begin < end && moreBegins.length + moreEnds.length === 0) {
    return { begin, end };
  }
  const line = (moreBegins[0] ?? moreEnds[0] ?? begin ?? end ?? 0) + 1;
  const what = `the block '${place.kind} ${place.name}' needs its BEGIN line and then its END line, each once; mend them, or remove the block`;
  throw new VaultError('CONFIG_INVALID', `${place.file}:${line}: ${what}`, { details: { file: place.file, line } });
}

/** Lines are numbered from 1, and those of `range` from 0. */
function sectionsOutside(bytes: Buffer, range: Range | undefined, { file }: BlockPlace): ScannedSection[] {
  const sections = scanConfig(bytes.toString('utf8'), file);
  if (range === undefined) return sections;
  const isInside = (line: number): boolean => line > range.begin && line <= range.end + 1;
  for (const section of sections.filter(({ line }) => isInside(line))) {
    const [key, line] = [...section.keyLines].find(([, at]) => !isInside(at)) ?? [];
    if (key === undefined || line === undefined) continue;
    const message = `${file}:${line}: ${JSON.stringify(key)} stands behind the block and so belongs to [profile ${section.name}] in it; put it below a header of its own`;
    throw new VaultError('CONFIG_INVALID', message, { details: { file, line } });
  }
  return sections.filter(({ line }) => !isInside(line));
}

/** What the rest of the file says, whatever its lines are called now. */
function restOf(bytes: Buffer, place: BlockPlace): string {
  const sections = sectionsOutside(bytes, rangeOf(linesOf(bytes), place), place);
  return JSON.stringify(sections.map(({ type, name, values }) => [type, name, ...values]));
}

function appended(bytes: Buffer, block: readonly string[]): Buffer {
  if (block.length === 0) return bytes;
  const text = bytes.toString('latin1');
  const lineEnd = text.includes('\r\n') ? '\r\n' : '\n';
  const hasEnd = text === '' || text.endsWith('\n');
  const hasGap = text === '' || /\n\r?\n$/.test(text);
  const gap = (hasEnd ? '' : lineEnd) + (hasGap ? '' : lineEnd);
  return Buffer.concat([bytes, Buffer.from(`${gap}${block.join('\n')}\n`, 'latin1')]);
}

/** Bytes as characters: a comment in another encoding than UTF-8 has to come out as it went in. */
function linesOf(bytes: Buffer): string[] {
  return bytes.toString('latin1').split('\n');
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

function latin1(text: string): string {
  return Buffer.from(text).toString('latin1');
}

function utf8(text: string): string {
  return Buffer.from(text, 'latin1').toString('utf8');
}
