import { expect, it } from 'vitest';
import { GRAMMAR } from '../../cli/args.ts';
import { backendNames } from '../../native-host/keyring/open.ts';

it('offers on the command line exactly the backends there are', () => {
  expect(GRAMMAR.globals.backend.choices).toEqual(backendNames('linux'));
});
