import { chunkLoader } from './chunk-loader.ts';

// The entry of dist/lib/cli.cjs, which Node compiles anew each time: as small as it can be.
const loader = chunkLoader(`${import.meta.dirname}/chunks`);
loader.loadPack('start.pack');
loader.load('command-line.cjs');
