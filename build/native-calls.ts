import fs from 'node:fs';
import path from 'node:path';

/** Where a keyring is reached by the system's own functions alone, and where a program is handed what Node does not hand on. */
const SYSTEMS: readonly NodeJS.Platform[] = ['darwin', 'win32', 'linux'];

/**
 * Puts the library that calls them beside the program, as a package that Node finds from there: a compiled module cannot be
 * bundled. A few files of it are needed, and the module for this system.
 */
export function placeNativeCalls(lib: string, platform: NodeJS.Platform = process.platform, arch = process.arch): void {
  if (!SYSTEMS.includes(platform)) return;
  const files = ['package.json', 'LICENSE.txt', 'index.cjs', 'src/koffi/index.cjs', 'src/koffi/src/static.cjs'];
  const places = [...files.map((file) => `koffi/${file}`), `@koromix/koffi-${platform}-${arch}`];
  for (const place of places) {
    const source = path.join('node_modules', place);
    // Node itself is built for glibc.
    const filter = (file: string): boolean => !path.basename(file).startsWith('musl');
    fs.cpSync(source, path.join(lib, 'node_modules', place), { recursive: true, filter });
  }
}
