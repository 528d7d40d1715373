import { writeSync } from 'node:fs';
import { VaultError } from '../native-host/errors.ts';

/**
 * Synchronous, because process.stdout costs 3 ms to touch and a result must be out before the process is replaced.
 * @throws VaultError USAGE when stdout takes no more, such as a file on a full disk; stderr that takes no more has nobody to tell
 */
export function print(descriptor: 1 | 2, text: string): number {
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'EPIPE') return 1; // nobody reads on: `keyturn list | head -1`
      if (code !== 'EAGAIN') {
        if (descriptor === 2) return 1;
        throw notWritten(String(code), error);
      }
      // A full pipe somebody made non-blocking: give the reader a moment.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
  return 0;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'no space left on device',
  EBADF: 'it is not open for writing',
};

function notWritten(code: string, cause: unknown): VaultError {
  const message = `cannot write to standard output: ${REASONS[code] ?? code}; send it to a place that can take it`;
  return new VaultError('USAGE', message, { cause });
}
