import { describe, expect, test } from 'vitest';
import { filterProfiles, orderProfiles } from '../../../extension/popup/filter-profiles.ts';
import { byName } from '../../../extension/profile-order.ts';
import type { ProfileSummary } from '../../../native-host/protocol.ts';

const profile = (name: string, rest: Partial<ProfileSummary> = {}): ProfileSummary => ({ name, kind: 'role', ...rest });
const names = (profiles: readonly ProfileSummary[], query: string) =>
  filterProfiles(profiles, query).map((match) => match.profile.name);

describe('filterProfiles', () => {
  const profiles = [
    profile('old-work'),
    profile('network'),
    profile('workshop', { accountId: '210987654321', roleName: 'ReadOnly' }),
    profile('work', { accountId: '123456789012', roleName: 'Administrator' }),
    profile('shop-prod-admin', { accountId: '555566667777' }),
  ];

  test('puts the whole name first, then names that begin so, then a later word, then the middle of a word', () => {
    expect(names(profiles, 'work')).toEqual(['work', 'workshop', 'old-work', 'network']);
  });

  test('finds an account ID and a role name, in any case', () => {
    expect(names(profiles, '2109')).toEqual(['workshop']);
    expect(names(profiles, 'READONLY')).toEqual(['workshop']);
  });

  test('finds a name by the beginnings of its words, in order', () => {
    expect(names(profiles, 'spa')).toEqual(['shop-prod-admin']);
    expect(names(profiles, 'sprad')).toEqual(['shop-prod-admin']);
    expect(names(profiles, 'aps')).toEqual([]);
  });

  test('goes back when taking more of one word leaves no place for the next', () => {
    expect(names([profile('sh-shop')], 'shop')).toEqual(['sh-shop']);
    expect(names([profile('ab-bc')], 'abc')).toEqual(['ab-bc']);
    expect(names([profile('ab-bc')], 'abbc')).toEqual(['ab-bc']);
    expect(names([profile('ab-a-bc')], 'aabc')).toEqual(['ab-a-bc']);
    expect(names([profile('ab-a-bc')], 'bca')).toEqual([]);
    expect(names([profile('aa-ab')], 'aab')).toEqual(['aa-ab']);
  });

  test('wants every word of the query', () => {
    expect(names(profiles, 'work admin')).toEqual(['work']);
    expect(names(profiles, 'work nothing')).toEqual([]);
  });

  test('marks what matched, with overlaps joined', () => {
    const [match] = filterProfiles(profiles, 'workshop shop read');
    expect(match?.marks).toEqual({ name: [[0, 8]], roleName: [[0, 4]] });
    expect(filterProfiles(profiles, 'spa')[0]?.marks.name).toEqual([
      [0, 1],
      [5, 6],
      [10, 11],
    ]);
  });

  test('keeps everything in its order when nothing is typed but spaces', () => {
    expect(names(profiles, '  ')).toEqual(profiles.map(({ name }) => name));
  });

  test('takes the characters of a pattern as they are', () => {
    expect(names([profile('a.b'), profile('axb'), profile('a*[x')], 'a.b')).toEqual(['a.b']);
    expect(names([profile('a.b'), profile('a*[x')], '*[')).toEqual(['a*[x']);
  });
});

describe('orderProfiles', () => {
  const profiles = ['team-10', 'team-9', 'alpha', 'Beta'].map((name) => profile(name));
  const ordered = (recent: Record<string, string>, attention: string[] = []) =>
    orderProfiles(byName(profiles), recent, new Set(attention)).map(({ name }) => name);

  test('sorts names with their numbers by value', () => {
    expect(ordered({})).toEqual(['alpha', 'Beta', 'team-9', 'team-10']);
  });

  test('puts the most recently opened first', () => {
    const recent = { 'team-10': '2026-01-02T00:00:00.000Z', Beta: '2026-01-03T00:00:00.000Z' };
    expect(ordered(recent)).toEqual(['Beta', 'team-10', 'alpha', 'team-9']);
  });

  test('puts what failed or is under way before all', () => {
    expect(ordered({ Beta: '2026-01-03T00:00:00.000Z' }, ['team-9'])).toEqual(['team-9', 'Beta', 'alpha', 'team-10']);
  });
});
