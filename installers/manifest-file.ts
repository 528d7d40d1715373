import fs from 'node:fs';
import path from 'node:path';
import { VaultError } from '../native-host/errors.ts';

/** The text of a file; undefined when there is none. @throws VaultError USAGE */
export function readIfThere(file: string): string | undefined {
  return onDisk('read', file, () => (fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : undefined));
}

/**
 * Puts a manifest in its place as a whole: a browser reads the old one or the new one. The file is 0644 and directories that had
 * to be made are 0755, whatever the umask, because the browsers of all users read a system's manifests.
 * @throws VaultError USAGE when the place may not be written to
 */
export function writeManifest(
  file: string,
  content: string,
  { keepOldAs }: { readonly keepOldAs?: string } = {},
): void {
  onDisk('write', file, () => {
    makeDirectory(path.dirname(file));
    if (keepOldAs !== undefined) fs.copyFileSync(file, keepOldAs);
    const temporary = `${file}.${process.pid}.new`;
    try {
      fs.writeFileSync(temporary, content, { mode: 0o644, flush: true });
      fs.chmodSync(temporary, 0o644);
      fs.renameSync(temporary, file);
    } catch (error) {
      fs.rmSync(temporary, { force: true });
      throw error;
    }
  });
}

/** @throws VaultError USAGE */
export function removeFile(file: string): void {
  onDisk('remove', file, () => fs.rmSync(file, { force: true }));
}

function makeDirectory(dir: string): void {
  if (fs.existsSync(dir)) return;
  makeDirectory(path.dirname(dir));
  fs.mkdirSync(dir, { mode: 0o755 });
  fs.chmodSync(dir, 0o755);
}

function onDisk<T>(verb: string, file: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    const remedy =
      code === 'EACCES' || code === 'EPERM'
        ? 'permission denied; system-wide places need sudo'
        : `the system says ${code}`;
    throw new VaultError('USAGE', `cannot ${verb} ${JSON.stringify(file)}: ${remedy}`, { details: { file }, cause });
  }
}
