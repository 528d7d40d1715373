import fs from 'node:fs';
import { createServer } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';
import { ConsoleOpens } from '../native-host/console-opens.ts';
import { forgetDerivedKeys } from '../native-host/keyring/derived-keys.ts';
import { Logins } from '../native-host/logins.ts';
import { PromptBroker } from '../native-host/prompts.ts';
import { terminalConsole } from '../native-host/terminal-console.ts';
import { UnlockedVaults } from '../native-host/unlocked-vaults.ts';
import { listenForTerminals } from '../native-host/user-socket-server.ts';
import { chunkLoader, codeCacheFile, wrapped } from './chunk-loader.ts';

/**
 * `node build/write-code-cache.ts DIRECTORY`, run by the build in a process of its own: uses the program whose chunks lie there
 * as people do, in a throwaway home and with a service of its own for AWS, and keeps what V8 has compiled by then, which is what
 * a start needs. What is kept for nothing costs as much to load as what is used: so the chunks of every `exec` hold what one
 * with a cached session runs, and the others what is used of them after it.
 */
type Round = {
  readonly args: readonly string[];
  /** Only makes what later rounds find. */
  readonly isPreparation?: true;
  /** What is compiled by now of the chunks that have been loaded is all that is kept of them. */
  readonly isEnough?: true;
  /** The passphrase comes from a program; a host that is locked is asked first. */
  readonly asksHost?: true;
};

const ROUNDS: readonly Round[] = [
  { args: ['add', '--env', '--no-verify', 'user'], isPreparation: true },
  { args: ['exec', 'user', '--', 'true'], isPreparation: true },
  { args: ['exec', 'user', '--', 'true'], isEnough: true },
  { args: ['add', '--env', '--no-verify', 'other'] },
  // Ends where a code is needed: there is no browser to ask.
  { args: ['exec', '--prompt', 'browser', 'role', '--', 'true'] },
  { args: ['list'] },
  { args: ['list', '--backend', 'secret-service'] },
  { args: ['exec', '--no-session', '--file-passphrase-command', 'echo build', 'user', '--', 'true'], asksHost: true },
];

/** Chunks whose work needs a service or a host that are not here. */
const EAGER = ['secret-service.cjs', 'from-host.cjs'];

const SESSION = `<GetSessionTokenResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetSessionTokenResult><Credentials>
<AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId><SecretAccessKey>only-for-the-build</SecretAccessKey>
<SessionToken>only-for-the-build</SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration>
</Credentials></GetSessionTokenResult></GetSessionTokenResponse>`;

const directory = process.argv[2] ?? '';
const home = fs.mkdtempSync(path.join(os.tmpdir(), 'keyturn-build-'));
const scripts = new Map(EAGER.map((name) => [name, compiledWhole(name)]));
const rounds = ROUNDS.values();
let ran: Round | undefined;

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
const aws = createServer((_, response) => response.end(SESSION));
const kept = new Map<string, Buffer>();

process.on('beforeExit', () => {
  setImmediate(() => undefined);
  if (ran?.isEnough) keep();
  ran = rounds.next().value;
  if (ran === undefined) return finish();
  if (ran.asksHost) {
    delete process.env.AWS_VAULT_FILE_PASSPHRASE;
    listenAsHost();
  }
  process.argv = [process.execPath, path.join(directory, '..', 'cli.cjs'), 'keyturn', ...ran.args];
  const loader = chunkLoader(directory, ran.isPreparation ? new Map() : scripts);
  loader.loadPack('start.pack');
  loader.load('command-line.cjs');
});

aws.listen(0, '127.0.0.1', () => {
  const address = aws.address();
  if (typeof address === 'object') process.env.AWS_ENDPOINT_URL = `http://127.0.0.1:${address?.port}`;
  aws.unref();
});

/** A chunk with all its functions compiled, and not only those that run here. */
function compiledWhole(name: string): Script {
  setFlagsFromString('--no-lazy');
  try {
    const filename = path.join(directory, name);
    return new Script(wrapped(fs.readFileSync(filename, 'utf8')), { filename });
  } finally {
    setFlagsFromString('--lazy'); // the flags are part of what V8 compares a cache by
  }
}

/** What V8 has compiled of each chunk by now, unless that was settled before. */
function keep(): void {
  for (const [name, script] of scripts) if (!kept.has(name)) kept.set(name, script.createCachedData());
}

function listenAsHost(): void {
  const stateDir = path.join(home, '.local', 'state', 'keyturn');
  const vault = { consolePlan: async () => ({ plan: '', destination: '' }) };
  const socket = listenForTerminals({
    ...{ stateDir, env: process.env, pid: process.pid, hostVersion: '', signal: new AbortController().signal },
    prompts: new PromptBroker(),
    console: terminalConsole({ vault, opens: new ConsoleOpens(), family: 'firefox' }),
    logins: new Logins(),
    family: 'firefox',
    vaults: new UnlockedVaults({ stateDir, fileRounds: undefined }),
    sessions: { cachedSession: async () => ({}) },
    log: () => undefined,
  });
  // A server keeps its process alive, and this round ends when nothing is left to do.
  setTimeout(() => socket.close(), 1500);
}

function finish(): void {
  keep();
  for (const [name, data] of kept) fs.writeFileSync(codeCacheFile(path.join(directory, name)), data);
  forgetDerivedKeys(process.env, path.join(home, '.awsvault', 'keys'));
  fs.rmSync(home, { recursive: true, force: true });
  exit.call(process, 0);
}
