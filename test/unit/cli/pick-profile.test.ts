import { expect, it } from 'vitest';
import { inOrder, matching } from '../../../cli/ask/pick-profile.ts';

const choices = inOrder(
  [
    { name: 'dev', kind: 'user' },
    { name: 'prod-admin', kind: 'role', accountId: '111122223333', roleName: 'Administrator' },
    { name: 'prod-read', kind: 'role', accountId: '444455556666', roleName: 'ReadOnly' },
    { name: 'torn', kind: 'none', problem: 'no key\u001b[2J' },
  ],
  ['prod-read', 'gone'],
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
});
