import { expect, it } from 'vitest';
import { inOrder, matching } from '../../../cli/ask/pick-profile.ts';
import { textWidth } from '../../../cli/text-width.ts';

const choices = inOrder(
  [
    { name: 'dev', kind: 'user' },
    { name: 'prod-admin', kind: 'role', accountId: '111122223333', roleName: 'Administrator' },
    { name: 'prod-read', kind: 'role', accountId: '444455556666', roleName: 'ReadOnly' },
    { name: 'torn', kind: 'none', problem: 'no key\u001b[2J' },
  ],
  ['prod-read', 'gone'],
  80,
);

it('shows those used last first, then the config file’s order, and what is wrong with the others', () => {
  expect(choices.map(({ value }) => value)).toEqual(['prod-read', 'dev', 'prod-admin', 'torn']);
  expect(choices[2]?.name).toBe('prod-admin  111122223333  Administrator');
  expect(choices[3]?.disabled).toBe('(no key?[2J)');
  expect(choices[0]?.disabled).toBe(false);
});

it('finds by parts of name, account and role, the best match first', () => {
  const found = (term: string | undefined) => matching(term, choices).map(({ value }) => value);
  expect(found(undefined)).toHaveLength(4);
  expect(found('  ')).toHaveLength(4);
  expect(found('pra')[0]).toBe('prod-admin');
  expect(found('4444')).toEqual(['prod-read']);
  expect(found('readonly')).toEqual(['prod-read']);
  expect(found('xyz')).toEqual([]);
  // Any letters in their order will do.
  expect(found('prd')).toEqual(expect.arrayContaining(['prod-read', 'prod-admin']));
  expect(found('dv')).toEqual(['dev']);
  expect(found('prod 1111')).toEqual(['prod-admin']);
});

it.each([12, 40, 80, 200])('has each on one line of a terminal with %d columns', (columns) => {
  const long = (number: number) => `organisation-with-a-long-name/production-account-of-somebody-${number}`;
  const profiles = [1, 2].map((number) => ({
    ...{ name: long(number), kind: 'role' as const, accountId: '111122223333', roleName: 'Administrator' },
  }));
  const rows = inOrder(profiles, [], columns).map(({ name }) => name);
  for (const row of rows) expect(row.length).toBeLessThan(columns - 2);
  expect(new Set(rows).size).toBe(2);
  expect(rows[0]?.includes('111122223333')).toBe(columns >= 80);
  expect(rows[0]?.includes(long(1))).toBe(columns === 200);
  expect(inOrder(profiles, [], columns)[0]?.value).toBe(long(1));
});

it('knows that letters of Chinese, Japanese and Korean and emoji take two columns', () => {
  const profiles = ['東京本番', '👩‍👩‍👧-dev', 'ab', `${'長'.repeat(40)}終`].map((name) => ({
    ...{ name, kind: 'role' as const, accountId: '111122223333', roleName: 'Administrator' },
  }));
  const rows = inOrder(profiles, [], 60).map(({ name }) => name);
  const starts = rows.map((row) => textWidth(row.slice(0, row.indexOf('111122223333'))));
  expect(new Set(starts).size).toBe(1);
  for (const row of rows) expect(textWidth(row)).toBeLessThanOrEqual(60 - 3);
  expect(rows[0]).toMatch(/^東京本番 +111122223333/);
  expect(rows[3]).toMatch(/^長+…長+終 +111122223333/);
});
