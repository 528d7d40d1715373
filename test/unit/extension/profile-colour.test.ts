import { describe, expect, test } from 'vitest';
import { profileColour, tabGroupColour } from '../../../extension/profile-colour.ts';

describe('profileColour', () => {
  test.each([
    ['prod', 'red'],
    ['shop-PROD-admin', 'red'],
    ['prod-test', 'red'],
    ['staging', 'orange'],
    ['uat-eu', 'orange'],
    ['test2', 'orange'],
    ['dev', 'green'],
    ['my-sandbox', 'green'],
  ])('%s is %s because of what its name says', (name, colour) => {
    expect(profileColour(name)).toBe(colour);
  });

  test('is the same at every start and on every machine', () => {
    expect(['work', 'billing', 'ledger', 'media', 'Größe'].map(profileColour)).toEqual([
      'purple',
      'yellow',
      'blue',
      'yellow',
      'purple',
    ]);
  });

  test('never gives a name without a stage the colour of one, and uses all the others', () => {
    const colours = new Set(Array.from({ length: 200 }, (_, index) => profileColour(`team-${index}`)));
    expect([...colours].sort()).toEqual(['blue', 'pink', 'purple', 'turquoise', 'yellow']);
  });

  test('goes by its Chromium name in a tab group', () => {
    expect(tabGroupColour('turquoise')).toBe('cyan');
    expect(tabGroupColour('red')).toBe('red');
  });
});
