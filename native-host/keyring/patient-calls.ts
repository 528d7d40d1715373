import { VaultError } from '../errors.ts';

/** How long a call of the system may take, and what ends the wait for it early. */
export type Patience = {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** What a call that takes too long is told as. */
  readonly late: () => VaultError;
};

export type PatientCalls = ReturnType<typeof patientCalls>;

type NativeCall = { async(...args: unknown[]): void };

/** What those calls were given that still sit in the system, for a person who does not answer: it must stay in memory. */
const abandoned = new Set<readonly unknown[]>();

/**
 * Makes calls of the system that may wait for a person, each on a thread of its own. Nothing can end such a call; the wait for
 * it ends all the same. `isLeft`: whether there was such a call, which still uses what it was given.
 */
export function patientCalls({ timeoutMs, signal, late }: Patience, failure: (status: number) => VaultError) {
  let isLeft = false;
  const run = (call: NativeCall, args: readonly unknown[]): Promise<number> => {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    if (signal.aborted) return Promise.reject(cancelled());
    let isAbandoned = false;
    const leave = (error: VaultError): void => {
      isAbandoned = true;
      isLeft = true;
      abandoned.add(args);
      atEnd();
      reject(error);
    };
    const onAbort = (): void => leave(cancelled());
    const timer = setTimeout(() => leave(late()), timeoutMs);
    signal.addEventListener('abort', onAbort, { once: true });
    call.async(...args, (error: unknown, status: number) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      if (isAbandoned) abandoned.delete(args);
      atEnd();
      if (error) reject(error);
      else resolve(status);
    });
    return promise;
  };
  const check = (status: number): void => {
    if (status !== 0) throw failure(status);
  };
  return { run, check, isLeft: () => isLeft };
}

/**
 * A process waits at its end for its threads, and with them for a person who may be away: then it is replaced by one that has
 * nothing to wait for, with the same exit status.
 */
function atEnd(): void {
  process.off('exit', replaceProcess);
  if (abandoned.size > 0) process.on('exit', replaceProcess);
}

function replaceProcess(status: number): void {
  process.execve?.('/bin/sh', ['sh', '-c', `exit ${status}`], {});
}

function cancelled(): VaultError {
  return new VaultError('CANCELLED', 'cancelled while waiting for the keychain; nothing was changed');
}
