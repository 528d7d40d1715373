import fs from 'node:fs';
import path from 'node:path';

export const allowed = { chromiumExtensionIds: ['a'.repeat(32)], firefoxAddonIds: ['keyturn@keyturn.io'] };

/** A program that a browser could start: a shell script which needs nothing from PATH. */
export function writeLauncher(dir: string, script: string, name = 'keyturn-host'): string {
  const file = path.join(dir, name);
  fs.writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return file;
}

/** A script that runs the host of host.ts, with the runtime of these tests. */
export function hostScript(mode = ''): string {
  return `exec '${process.execPath}' '${path.join(import.meta.dirname, 'host.ts')}' '${mode}' "$@"`;
}
