import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeDirectory } from '../directory.ts';
import { VaultError } from '../errors.ts';

/** Where the name of the backend that was chosen first is kept. */
export function choiceFile(stateDir: string): string {
  return join(stateDir, 'backend');
}

/**
 * The remembered name, whatever it is; undefined when nothing was chosen yet.
 * @throws VaultError CONFIG_INVALID when the file is there and cannot be read
 */
export function rememberedBackend(stateDir: string): string | undefined {
  const file = choiceFile(stateDir);
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return undefined;
    throw new VaultError(
      'CONFIG_INVALID',
      `the choice of vault in ${JSON.stringify(file)} cannot be read (${String(code)}): remove it, or give --backend`,
      { details: { file }, cause: error },
    );
  }
}

/** Remembers the backend for all later processes. A reader sees no choice or a whole one, also after a crash. */
export function rememberBackend(stateDir: string, backend: string): void {
  const file = choiceFile(stateDir);
  const temporary = `${file}.${process.pid}.new`;
  makeDirectory(stateDir);
  try {
    writeFileSync(temporary, `${backend}\n`, { mode: 0o600, flush: true });
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
