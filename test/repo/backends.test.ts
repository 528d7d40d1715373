import { expect, it } from 'vitest';
import { backendsOf } from '../../cli/grammar/global-flags.ts';
import { backendNames } from '../../native-host/keyring/open.ts';

it.each(['linux', 'darwin', 'win32', 'freebsd', 'openbsd'] as const)(
  'offers on the command line exactly the backends there are on %s',
  (platform) => {
    expect(backendsOf(platform)).toEqual(backendNames(platform));
  },
);
