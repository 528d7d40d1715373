import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { finished, type Result, type World } from './world.ts';

export type NamespaceRunOptions = {
  readonly env?: Record<string, string | undefined>;
  /** Root if not given. */
  readonly uid?: number;
  /** A file that is not there for the program. */
  readonly hidden?: string;
};

/** A network of its own with nothing but loopback, where the sandbox's address answers too. Everything in it runs as root. */
export type Namespace = {
  readonly start: (words: readonly string[], options?: NamespaceRunOptions) => ChildProcess;
  readonly run: (words: readonly string[], options?: NamespaceRunOptions) => Promise<Result>;
  readonly close: () => void;
};

const AS_ROOT = process.getuid?.() === 0 ? [] : ['sudo', '-n'];

/** Needs root (or sudo that asks for no password). */
export async function startNamespace(world: World): Promise<Namespace> {
  const port = new URL(world.aws.url).port;
  const socket = path.join(world.home, 'aws.sock');
  const outside = net.createServer((client) => {
    const upstream = net.connect(Number(port), '127.0.0.1');
    client.pipe(upstream).pipe(client);
    client.on('error', () => upstream.destroy());
    upstream.on('error', () => client.destroy());
  });
  outside.listen(socket);
  await once(outside, 'listening');
  const relay = path.join(import.meta.dirname, 'drivers', 'namespace-relay.ts');
  const script = `ip link set lo up; echo $$; exec '${process.execPath}' '${relay}' ${port} '${socket}'`;
  const holder = spawnWords([...AS_ROOT, 'unshare', '--net', '--', 'sh', '-c', script]);
  let shown = '';
  holder.stdout?.setEncoding('utf8').on('data', (text: string) => (shown += text));
  let problem = '';
  holder.stderr?.setEncoding('utf8').on('data', (text: string) => (problem += text));
  const failed = once(holder, 'close').then(() => Promise.reject(new Error(`no network namespace: ${problem}`)));
  while (!shown.includes('ready')) await Promise.race([once(holder.stdout ?? holder, 'data'), failed]);
  failed.catch(() => undefined); // it ends when it is closed
  const pid = shown.split('\n', 1)[0] ?? '';
  const start: Namespace['start'] = (words, options = {}) => {
    const variables = Object.entries({ ...world.env, ...options.env }).flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}=${value}`],
    );
    const { uid, hidden } = options;
    const mount = `mount --bind /dev/null ${hidden} && exec "$@"`;
    const hide = hidden === undefined ? [] : ['unshare', '--mount', 'sh', '-c', mount, 'sh'];
    const as =
      uid === undefined ? [] : ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--inh-caps=-all'];
    return spawnWords([
      ...AS_ROOT,
      'nsenter',
      `--net=/proc/${pid}/ns/net`,
      ...hide,
      ...as,
      'env',
      '-i',
      ...variables,
      ...words,
    ]);
  };
  return {
    start,
    run: (words, options) => finished(start(words, options)),
    close: () => {
      holder.kill();
      outside.close();
      fs.rmSync(socket, { force: true });
    },
  };
}

function spawnWords([file = '', ...args]: readonly string[]): ChildProcess {
  return spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true, cwd: '/' });
}
