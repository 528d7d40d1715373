import fs from 'node:fs';
import path from 'node:path';
import type { Plugin, UserConfig } from 'vite';

const dist = 'dist';

/**
 * The command line and the native host, as CommonJS: Node loads it 5-10 % faster than modules. What a command does not need at
 * once stays in chunks of its own. Beside them the runtime itself and two launchers, so that `dist` depends on nothing else.
 */
export function nodeConfig(): UserConfig {
  return {
    build: {
      ssr: true,
      outDir: path.join(dist, 'lib'),
      emptyOutDir: true,
      target: 'node24',
      minify: true,
      rollupOptions: {
        // Node's own modules have no side effects: one that only dropped code needs is not loaded.
        treeshake: { moduleSideEffects: 'no-external' },
        input: { cli: 'cli/main.ts', host: 'native-host/main.ts' },
        output: { format: 'cjs', entryFileNames: '[name].cjs', chunkFileNames: 'chunks/[name].cjs' },
      },
    },
    resolve: { alias: { '@aws-sdk/credential-provider-node': path.resolve('build/no-credential-chain.ts') } },
    ssr: { noExternal: true },
    plugins: [runtimeAndLaunchers()],
  };
}

function runtimeAndLaunchers(): Plugin {
  return {
    name: 'keyturn-launchers',
    writeBundle() {
      placeRuntime(path.join(dist, 'lib', 'node'));
      writeLauncher('keyturn', 'cli', '"$0" ');
      writeLauncher('keyturn-host', 'host', '');
    },
  };
}

function placeRuntime(target: string): void {
  fs.rmSync(target, { force: true });
  try {
    fs.linkSync(fs.realpathSync(process.execPath), target);
  } catch (error) {
    // Another file system, or one without hard links: 120 MB more on the disk, nothing else.
    if (!(error instanceof Error)) throw error;
    fs.copyFileSync(process.execPath, target);
    fs.chmodSync(target, 0o755);
  }
}

/**
 * A launcher needs nothing but /bin/sh: a browser starts the host with hardly any environment. NODE_OPTIONS is meant for the
 * user's own programs, so it is put aside for the child (an editor that debugs every Node process must not debug the vault).
 */
function writeLauncher(name: string, entry: string, firstArgument: string): void {
  const script = `#!/bin/sh
self=$0
[ -h "$self" ] && self=$(PATH=/usr/bin:/bin readlink -f -- "$self")
case $self in */*) lib=\${self%/*}/lib ;; *) lib=./lib ;; esac
if [ -n "\${NODE_OPTIONS+x}" ]; then
  KEYTURN_NODE_OPTIONS=$NODE_OPTIONS
  export KEYTURN_NODE_OPTIONS
  unset NODE_OPTIONS
fi
exec "$lib/node" "$lib/${entry}.cjs" ${firstArgument}"$@"
`;
  fs.writeFileSync(path.join(dist, name), script, { mode: 0o755 });
}
