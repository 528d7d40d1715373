import { join } from 'node:path';
import { chunkLoader } from './chunk-loader.ts';

// The entry of dist/lib/cli.cjs, which Node compiles anew each time: as small as it can be.
chunkLoader(join(import.meta.dirname, 'chunks')).load('command-line.cjs');
