import { expect, test } from 'vitest';
import { hostAdvice } from '../../../extension/popup/host-advice.ts';
import type { WireError } from '../../../native-host/protocol.ts';

test.each<[WireError['code'], number | undefined, string, string | undefined]>([
  ['HOST_NOT_FOUND', undefined, 'missing', 'keyturn host install'],
  ['HOST_FORBIDDEN', undefined, 'forbidden', 'keyturn host install'],
  ['VERSION_MISMATCH', 0, 'host-too-old', 'keyturn host install'],
  ['VERSION_MISMATCH', 99, 'extension-too-old', undefined],
  ['HOST_GONE', undefined, 'stopped', 'keyturn host install'],
  ['TIMEOUT', undefined, 'stopped', 'keyturn host install'],
])('%s (host protocol %s) shows the screen %s', (code, protocol, kind, command) => {
  const details = protocol === undefined ? {} : { protocol };
  expect(hostAdvice({ code, message: '', details })).toMatchObject({ kind, ...(command ? { command } : {}) });
  expect(hostAdvice({ code, message: '', details }).command).toBe(command);
});
