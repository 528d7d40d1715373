import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ConsoleOpens } from '../native-host/console-opens.ts';
import { forgetDerivedKeys } from '../native-host/keyring/derived-keys.ts';
import { PromptBroker } from '../native-host/prompts.ts';
import { terminalConsole } from '../native-host/terminal-console.ts';
import { UnlockedVaults } from '../native-host/unlocked-vaults.ts';
import { listenForTerminals } from '../native-host/user-socket-server.ts';
import { chunkLoader, codeCacheFile } from './chunk-loader.ts';

/**
 * `node build/write-code-cache.ts DIRECTORY`, run by the build in a process of its own: uses the program whose chunks lie there
 * as people do, in a throwaway home and without a network, and keeps what V8 has compiled by then, which is what a start needs.
 */
const ROUNDS: readonly (readonly string[])[] = [
  ['add', '--env', '--no-verify', 'user'],
  ['exec', '--no-session', 'user', '--', 'true'],
  // Ends where a code is needed: there is no browser to ask.
  ['exec', '--prompt', 'browser', 'role', '--', 'true'],
  ['list'],
  ['list', '--backend', 'secret-service'],
  // With a host to ask, which is locked.
  ['exec', '--no-session', '--file-passphrase-command', 'echo build', 'user', '--', 'true'],
];

const directory = process.argv[2] ?? '';
const home = fs.mkdtempSync(path.join(os.tmpdir(), 'keyturn-build-'));
const { scripts } = chunkLoader(directory);
const rounds = ROUNDS.values();

fs.mkdirSync(path.join(home, '.aws'));
fs.writeFileSync(
  path.join(home, '.aws', 'config'),
  `[default]
region = eu-west-1
[profile role]
source_profile = user
role_arn = arn:aws:iam::111122223333:role/reader
mfa_serial = arn:aws:iam::111122223333:mfa/user
`,
);
process.env = {
  HOME: home,
  PATH: '/usr/bin:/bin',
  AWS_VAULT_BACKEND: 'file',
  AWS_VAULT_FILE_PASSPHRASE: 'build',
  AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'only-for-the-build',
  DBUS_SESSION_BUS_ADDRESS: `unix:path=${home}/none`,
};
// This process is still needed.
const { exit } = process;
Object.defineProperty(process, 'execve', { value: () => undefined });
Object.defineProperty(process, 'exit', { value: () => undefined });

// Each round ends when nothing is left to do. A round that never waits would be the last one: Node asks again only after an event.
process.on('beforeExit', () => {
  setImmediate(() => undefined);
  const args = rounds.next().value;
  if (args === undefined) return finish();
  if (args.includes('--file-passphrase-command')) {
    delete process.env.AWS_VAULT_FILE_PASSPHRASE;
    listenAsHost();
  }
  process.argv = [process.execPath, path.join(directory, '..', 'cli.cjs'), 'keyturn', ...args];
  const loader = chunkLoader(directory, scripts);
  loader.loadPack('start.pack');
  loader.load('command-line.cjs');
});

function listenAsHost(): void {
  const stateDir = path.join(home, '.local', 'state', 'keyturn');
  const vault = { consolePlan: async () => ({ plan: '', destination: '' }) };
  const socket = listenForTerminals({
    ...{ stateDir, env: process.env, pid: process.pid, hostVersion: '', signal: new AbortController().signal },
    prompts: new PromptBroker(),
    console: terminalConsole({ vault, opens: new ConsoleOpens(), family: 'firefox' }),
    vaults: new UnlockedVaults({ stateDir, fileRounds: undefined }),
    log: () => undefined,
  });
  // A server keeps its process alive, and this round ends when nothing is left to do.
  setTimeout(() => socket.close(), 1500);
}

function finish(): void {
  for (const [name, script] of scripts) {
    fs.writeFileSync(codeCacheFile(path.join(directory, name)), script.createCachedData());
  }
  forgetDerivedKeys(process.env, path.join(home, '.awsvault', 'keys'));
  fs.rmSync(home, { recursive: true, force: true });
  exit.call(process, 0);
}
