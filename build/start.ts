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
loader.loadPack('start.pack');
loader.load('command-line.cjs');
