import type { ProfileSummary } from '../../native-host/protocol.ts';

/** Half-open range of characters, `[start, end)`. */
export type Range = readonly [start: number, end: number];

export type Field = 'name' | 'accountId' | 'roleName';

/** A profile that matches, with what to mark in each of its fields. */
export type Match = {
  readonly profile: ProfileSummary;
  readonly marks: Readonly<Partial<Record<Field, readonly Range[]>>>;
};

type Hit = { readonly field: Field; readonly ranges: readonly Range[]; readonly score: number };

/**
 * The profiles that match every word of `query`, best first: a name that begins with the word, then a part of the name,
 * then account ID and role, then beginnings of the name's words. Equals keep the order given.
 */
export function filterProfiles(profiles: readonly ProfileSummary[], query: string): readonly Match[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return profiles.map((profile) => ({ profile, marks: {} }));
  return profiles
    .flatMap((profile) => {
      const hits = words.map((word) => bestHit(profile, word));
      if (!hits.every((hit) => hit !== undefined)) return [];
      return [{ match: { profile, marks: marksOf(hits) }, score: hits.reduce((sum, { score }) => sum + score, 0) }];
    })
    .sort((a, b) => b.score - a.score)
    .map(({ match }) => match);
}

/** The order of the list at rest: what needs attention, then most recently opened, then as given, which is by name. */
export function orderProfiles(
  profiles: readonly ProfileSummary[],
  recent: Readonly<Record<string, string>>,
  attention: ReadonlySet<string>,
): readonly ProfileSummary[] {
  return profiles.toSorted(
    (a, b) =>
      Number(attention.has(b.name)) - Number(attention.has(a.name)) ||
      byText(recent[b.name] ?? '', recent[a.name] ?? ''),
  );
}

/** ISO 8601 times in UTC sort as text. */
function byText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

function bestHit(profile: ProfileSummary, word: string): Hit | undefined {
  return (
    within('name', profile.name, word, { start: 100, wordStart: 80, inside: 60 }) ??
    within('accountId', profile.accountId, word, { start: 50, wordStart: 50, inside: 40 }) ??
    within('roleName', profile.roleName, word, { start: 50, wordStart: 45, inside: 40 }) ??
    initials(profile.name, word)
  );
}

type Scores = { readonly start: number; readonly wordStart: number; readonly inside: number };

function within(field: Field, text: string | undefined, word: string, scores: Scores): Hit | undefined {
  const lower = text?.toLowerCase() ?? '';
  const places = [...placesOf(lower, word)];
  const place = places.find((at) => isWordStart(lower, at)) ?? places[0];
  if (place === undefined) return undefined;
  const rank = place === 0 ? scores.start : isWordStart(lower, place) ? scores.wordStart : scores.inside;
  const fullness = word.length / lower.length; // the whole name beats a longer one that merely begins so
  return { field, ranges: [[place, place + word.length]], score: rank + 10 * fullness };
}

function* placesOf(text: string, word: string) {
  for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, at + 1)) yield at;
}

function isWordStart(text: string, at: number): boolean {
  return at === 0 || !isWordCharacter(text, at - 1);
}

function isWordCharacter(text: string, at: number): boolean {
  return /[\p{L}\p{N}]/u.test(text.charAt(at));
}

/** `spa` and `sprad` find `shop-prod-admin`: beginnings of its words, in order. A single letter would find everything. */
function initials(name: string, letters: string): Hit | undefined {
  if (letters.length < 2) return undefined;
  const lower = name.toLowerCase();
  const starts = Array.from(lower, (_, at) => at).filter((at) => isWordStart(lower, at) && isWordCharacter(lower, at));
  const ranges = beginnings(lower, letters, starts);
  return ranges && { field: 'name', ranges, score: 20 / ranges.length };
}

function beginnings(text: string, letters: string, starts: readonly number[]): readonly Range[] | undefined {
  if (letters === '') return [];
  for (const [index, start] of starts.entries()) {
    for (let length = commonLength(text, start, letters); length > 0; length--) {
      const rest = beginnings(text, letters.slice(length), starts.slice(index + 1));
      if (rest) return [[start, start + length], ...rest];
    }
  }
  return undefined;
}

function commonLength(text: string, start: number, letters: string): number {
  let length = 0;
  while (length < letters.length && text[start + length] === letters[length]) length++;
  return length;
}

function marksOf(hits: readonly Hit[]): Match['marks'] {
  const marks: Partial<Record<Field, readonly Range[]>> = {};
  for (const { field, ranges } of hits) marks[field] = joined([...(marks[field] ?? []), ...ranges]);
  return marks;
}

/** Sorted, with overlaps made one. */
function joined(ranges: readonly Range[]): readonly Range[] {
  const result: [number, number][] = [];
  for (const [start, end] of ranges.toSorted((a, b) => a[0] - b[0])) {
    const last = result.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else result.push([start, end]);
  }
  return result;
}
