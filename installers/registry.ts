import type { ExecFileException } from 'node:child_process';
import path from 'node:path';
import { VaultError } from '../native-host/errors.ts';

/** The default values of keys, which is where browsers on Windows find host manifests. */
export type Registry = {
  /** Undefined when there is no such key. */
  read(key: string): Promise<string | undefined>;
  write(key: string, value: string): Promise<void>;
  remove(key: string): Promise<void>;
};

/** Runs reg.exe: its exit status and what it printed. */
export type RunReg = (args: readonly string[]) => Promise<{ readonly status: number; readonly stdout: string }>;

/** @throws VaultError PROCESS_FAILED */
export function windowsRegistry(
  env: Readonly<Record<string, string | undefined>>,
  run: RunReg = regExe(env),
): Registry {
  const change = async (args: readonly string[]) => {
    const { status } = await run(args);
    if (status === 0) return;
    const message = `the registry key ${args[1]} cannot be changed (reg.exe ${args[0]}: status ${status}); keys of HKLM need an administrator`;
    throw new VaultError('PROCESS_FAILED', message);
  };
  return {
    async read(key) {
      const { status, stdout } = await run(['query', key, '/ve']);
      // The name of the default value is translated, its type is not.
      return status === 0 ? /\sREG_SZ\s+(.*\S)/.exec(stdout)?.[1] : undefined;
    },
    write: (key, value) => change(['add', key, '/ve', '/t', 'REG_SZ', '/d', value, '/f']),
    remove: (key) => change(['delete', key, '/f']),
  };
}

/** By its full path: a reg.exe on PATH could be anybody's. */
function regExe(env: Readonly<Record<string, string | undefined>>): RunReg {
  return async (args) => {
    const { execFile } = await import('node:child_process');
    const file = path.join(env.SystemRoot ?? 'C:\\Windows', 'System32', 'reg.exe');
    return new Promise((resolve, reject) => {
      execFile(file, [...args], { windowsHide: true, timeout: 10_000 }, (error: ExecFileException | null, stdout) => {
        if (error === null) return resolve({ status: 0, stdout });
        if (typeof error.code === 'number') return resolve({ status: error.code, stdout });
        reject(new VaultError('PROCESS_FAILED', `cannot run ${file}: ${error.message}`, { cause: error }));
      });
    });
  };
}
