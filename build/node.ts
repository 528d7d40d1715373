import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import type { Plugin, UserConfig } from 'vite';
import { codeCacheFile, packed } from './chunk-loader.ts';
import { placeFile, writeExecutable } from './executable.ts';
import { placeNativeCalls } from './native-calls.ts';

const dist = 'dist';

/** What starts together lies together, since every file costs time: --version needs the first of these, exec both. */
const START_CHUNKS = [
  {
    name: 'base',
    test: /rolldown.runtime|\/cli\/(args(-\w+)?(?<!-help)|print|may-ask-host|inherited)\.ts$|\/native-host\/(errors|duration|settings-file|version)\.ts$/,
    priority: 3,
  },
  // How a program is started, with a session from a host or without, and what asks a host for one.
  {
    name: 'launch',
    test: /\/cli\/(child|reach-environment|recent-profiles)\.ts$|\/native-host\/settings\.ts$/,
    priority: 2.6,
  },
  { name: 'from-host', test: /\/cli\/exec-from-host\.ts$/, priority: 2.5 },
  // With the bus below it: people wait for it as for exec.
  { name: 'secret-service', test: /\/native-host\/keyring\/secret-service\.ts$/, priority: 1.5 },
  { name: 'exec', test: /\/cli\/(run-command|output)\.ts$|\/native-host\/(vault|keyring\/file)\.ts$/, priority: 2 },
  // What asks a host for the keys of a vault that was unlocked, less what exec has already.
  { name: 'unlocked', test: /\/native-host\/(operations\/key-holders|host-keys)\.ts$/, priority: 1 },
];

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
        // The executable takes seconds to make, once.
        checks: { pluginTimings: false },
        treeshake: { moduleSideEffects: 'no-external' },
        input: { cli: 'build/start.ts', 'chunks/command-line': 'cli/main.ts', host: 'native-host/main.ts' },
        output: {
          format: 'cjs',
          dynamicImportInCjs: false, // all imports of chunks go through build/chunk-loader.ts
          entryFileNames: '[name].cjs',
          chunkFileNames: 'chunks/[name].cjs',
          codeSplitting: { groups: START_CHUNKS },
        },
      },
    },
    resolve: { alias: { '@aws-sdk/credential-provider-node': path.resolve('build/no-credential-chain.ts') } },
    ssr: { noExternal: true },
    plugins: [lateModules(), asciiOnly(), runtimeAndLaunchers()],
  };
}

/** Modules of Node's that AWS's packages import and hardly ever use, by a part of the importer's path. */
const LATE_MODULES = [
  { module: 'node:fs/promises', importer: '/shared-ini-file-loader/', standIn: 'build/late-file-reads.ts' },
  { module: 'node:https', importer: '/node-http-handler/', standIn: 'build/late-https.ts' },
];

function lateModules(): Plugin {
  return {
    name: 'keyturn-late-modules',
    enforce: 'pre',
    resolveId(source, importer) {
      const late = LATE_MODULES.find(({ module, importer: part }) => source === module && importer?.includes(part));
      return late && path.resolve(late.standIn);
    },
  };
}

/** One character that is not in Latin-1 and V8 keeps the whole file at two bytes a character, which are read and parsed more slowly. */
function asciiOnly(): Plugin {
  return {
    name: 'keyturn-ascii-only',
    generateBundle(_, bundle) {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== 'chunk') continue;
        chunk.code = chunk.code.replaceAll(/[\u0080-\uffff]/g, (unit) => {
          return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
        });
      }
    },
  };
}

function runtimeAndLaunchers(): Plugin {
  return {
    name: 'keyturn-launchers',
    writeBundle() {
      const lib = path.join(dist, 'lib');
      placeFile(fs.realpathSync(process.execPath), path.join(lib, 'node'));
      // A first collection of garbage costs a millisecond, and a command ends before it needs one.
      const flags = ['--min-semi-space-size=4', '--'];
      const target = path.join(dist, 'keyturn');
      fs.rmSync(target, { force: true });
      // Elsewhere the file would have to be signed anew (macOS) or be a program of another form (Windows).
      if (process.platform === 'linux') writeExecutable(target, { main: path.join(lib, 'cli.cjs'), flags });
      else writeLauncher(target, `${flags.join(' ')} "$lib/cli.cjs" "$0"`);
      // Lives as long as the browser and works for moments: small, without the compilers that repay in long computations.
      const small = '--no-opt --no-maglev --no-sparkplug --max-semi-space-size=1';
      writeLauncher(path.join(dist, 'keyturn-host'), `${small} "$lib/host.cjs"`);
      placeNativeCalls(lib);
      const chunks = path.resolve(lib, 'chunks');
      writePack(chunks);
      writeCodeCache(chunks);
    },
  };
}

/** What every command needs, in one file. */
function writePack(directory: string): void {
  const names = ['command-line.cjs', 'base.cjs', 'rolldown-runtime.cjs'];
  const chunks = names.map((name): [string, string] => [name, fs.readFileSync(path.join(directory, name), 'utf8')]);
  fs.writeFileSync(path.join(directory, 'start.pack'), packed(new Map(chunks)));
}

function writeCodeCache(chunks: string): void {
  const args = [path.resolve('build/write-code-cache.ts'), chunks];
  const { status, stderr } = spawnSync(process.execPath, args, { env: {}, encoding: 'utf8' });
  const isThere = fs.existsSync(codeCacheFile(path.join(chunks, 'exec.cjs')));
  if (status !== 0 || !isThere) throw new Error(`the code cache could not be made: ${stderr}`);
}

/**
 * A launcher needs nothing but /bin/sh: a browser starts the host with hardly any environment. NODE_OPTIONS is meant for the
 * user's own programs, so it is put aside for the child (an editor that debugs every Node process must not debug the vault).
 */
function writeLauncher(target: string, nodeArguments: string): void {
  const script = `#!/bin/sh
self=$0
[ -h "$self" ] && self=$(PATH=/usr/bin:/bin readlink -f -- "$self")
case $self in */*) lib=\${self%/*}/lib ;; *) lib=./lib ;; esac
if [ -n "\${NODE_OPTIONS+x}" ]; then
  KEYTURN_NODE_OPTIONS=$NODE_OPTIONS
  export KEYTURN_NODE_OPTIONS
  unset NODE_OPTIONS
fi
exec "$lib/node" ${nodeArguments} "$@"
`;
  fs.writeFileSync(target, script, { mode: 0o755 });
}
