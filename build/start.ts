import { existsSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { chunkLoader } from './chunk-loader.ts';

// The entry of dist/lib/cli.cjs, which Node compiles anew each time: as small as it can be.
let lib: string = import.meta.dirname;
if (import.meta.filename === process.execPath) {
  // Inside the executable dist/keyturn. The arguments become what a script that starts Node gives: first the file that runs.
  lib = `${dirname(process.execPath)}/lib`;
  process.argv.splice(1, 0, `${lib}/cli.cjs`);
}
const loader = chunkLoader(`${lib}/chunks`);
try {
  loader.loadPack('start.pack');
} catch (error) {
  if (existsSync(`${lib}/chunks`)) throw error;
  const wayOut = 'make a symbolic link to it in place of a copy, or move its whole directory';
  writeSync(2, `keyturn: error: ${process.execPath} is without its directory ${lib}; ${wayOut} [INTERNAL]\n`);
  process.exit(1);
}
loader.load('command-line.cjs');
