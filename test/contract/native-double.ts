import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** A library of another system, compiled here from the C source that stands for it, so that the real calls are made. */
export function compileDouble(source: string): { readonly file: string; readonly remove: () => void } {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'keyturn-double-'));
  const file = path.join(dir, `${path.basename(source, '.c')}.so`);
  execFileSync('tcc', ['-Wall', '-Werror', '-shared', '-o', file, path.resolve('test/contract', source)]);
  return { file, remove: () => fs.rmSync(dir, { recursive: true }) };
}
