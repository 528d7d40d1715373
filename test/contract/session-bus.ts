import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUS, type BusConnection, connectSessionBus } from '../../native-host/keyring/dbus.ts';
import type { WireValue } from '../../native-host/keyring/dbus-wire.ts';
import { openSecretSession, SECRETS } from '../../native-host/keyring/secret-service-session.ts';

const PASSWORD = 'test';
const AWS_VAULT_COLLECTION = 'awsvault';
const INTERNAL = 'org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface';

/** A session bus of the test's own, and gnome-keyring on it; nothing of the machine's session is touched. */
export type SessionBus = {
  /** HOME, XDG_RUNTIME_DIR, DBUS_SESSION_BUS_ADDRESS, PATH: for our keyring and for programs such as secret-tool. */
  readonly env: Readonly<Record<string, string>>;
  readonly socketPath: string;
  /** A connection of the test itself. */
  readonly control: BusConnection;
  /** Creates the collection, unlocked, without any prompt. */
  createCollection(name?: string): Promise<void>;
  lockCollection(name?: string): Promise<void>;
  unlockCollection(name?: string): Promise<void>;
  deleteCollection(name?: string): Promise<void>;
  startService(): Promise<void>;
  /** SIGKILL; the promise waits until the bus has noticed. */
  killService(): Promise<void>;
  /** SIGSTOP and SIGCONT: a service that is there and does not answer. */
  pauseService(): void;
  resumeService(): void;
  killBus(): Promise<void>;
  stop(): Promise<void>;
};

/**
 * Starts a private dbus-daemon and, unless `service` is false, gnome-keyring-daemon in a temporary HOME. With `desktop` the bus
 * can start the desktop's own programs, such as gcr's prompter, as in a real session (there is no display, though).
 * Call `stop` in a `finally` or an `afterAll`.
 */
export async function startSessionBus(options: { service?: boolean; desktop?: boolean } = {}): Promise<SessionBus> {
  const home = await mkdtemp(join(tmpdir(), 'keyturn-bus-'));
  const socketPath = join(home, 'bus');
  const env = {
    PATH: process.env.PATH ?? '/usr/bin:/bin',
    HOME: home,
    XDG_RUNTIME_DIR: home,
    DBUS_SESSION_BUS_ADDRESS: `unix:path=${socketPath}`,
  };
  const daemon = await startDaemon(home, { env, desktop: options.desktop === true });
  try {
    const control = await connectSessionBus(env, { signal: new AbortController().signal });
    const bus = new PrivateBus({ env, socketPath, control, daemon });
    if (options.service !== false) await bus.startService();
    return bus;
  } catch (error) {
    await ended(daemon, 'SIGKILL');
    throw error;
  }
}

async function startDaemon(
  home: string,
  options: { readonly env: Readonly<Record<string, string>>; readonly desktop: boolean },
): Promise<ChildProcess> {
  const config = join(home, 'bus.conf');
  await writeFile(
    config,
    `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=${home}/bus</listen>
  <auth>EXTERNAL</auth>
  ${options.desktop ? '<standard_session_servicedirs/>' : ''}
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>`,
  );
  const args = ['--nofork', '--nopidfile', '--print-address=1', `--config-file=${config}`];
  const daemon = spawn('dbus-daemon', args, { env: options.env, stdio: ['ignore', 'pipe', 'ignore'] });
  // The address is printed when the socket listens.
  await Promise.race([
    once(daemon.stdout, 'data'),
    once(daemon, 'exit').then(() => Promise.reject(new Error('dbus-daemon ended'))),
  ]);
  return daemon;
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill(signal);
  await exit;
}

class PrivateBus implements SessionBus {
  readonly env: Readonly<Record<string, string>>;
  readonly socketPath: string;
  readonly control: BusConnection;
  readonly #daemon: ChildProcess;
  #service: ChildProcess | undefined;

  constructor(parts: Pick<SessionBus, 'env' | 'socketPath' | 'control'> & { readonly daemon: ChildProcess }) {
    this.env = parts.env;
    this.socketPath = parts.socketPath;
    this.control = parts.control;
    this.#daemon = parts.daemon;
  }

  async startService(): Promise<void> {
    const isOwned = this.#ownerChanges((owner) => owner !== '');
    const args = ['--foreground', '--unlock', '--components=secrets'];
    this.#service = spawn('gnome-keyring-daemon', args, { env: this.env, stdio: ['pipe', 'ignore', 'ignore'] });
    this.#service.stdin?.end(PASSWORD);
    await isOwned;
  }

  async killService(): Promise<void> {
    const isGone = this.#ownerChanges((owner) => owner === '');
    if (this.#service) await ended(this.#service, 'SIGKILL');
    await isGone;
  }

  pauseService(): void {
    this.#service?.kill('SIGSTOP');
  }

  resumeService(): void {
    this.#service?.kill('SIGCONT');
  }

  createCollection(name = AWS_VAULT_COLLECTION): Promise<void> {
    const properties = new Map([['org.freedesktop.Secret.Collection.Label', { signature: 's', value: name }]]);
    return this.#internal('CreateWithMasterPassword', 'a{sv}', properties);
  }

  unlockCollection(name = AWS_VAULT_COLLECTION): Promise<void> {
    return this.#internal('UnlockWithMasterPassword', 'o', collectionPath(name));
  }

  async lockCollection(name = AWS_VAULT_COLLECTION): Promise<void> {
    const call = { ...SECRETS, interface: 'org.freedesktop.Secret.Service', member: 'Lock' };
    await this.control.call({ ...call, signature: 'ao', body: [[collectionPath(name)]] });
  }

  async deleteCollection(name = AWS_VAULT_COLLECTION): Promise<void> {
    const call = { ...SECRETS, interface: 'org.freedesktop.Secret.Collection', member: 'Delete' };
    await this.control.call({ ...call, path: collectionPath(name) });
  }

  async killBus(): Promise<void> {
    await ended(this.#daemon, 'SIGKILL');
  }

  async stop(): Promise<void> {
    this.control.close();
    if (this.#service) await ended(this.#service, 'SIGKILL');
    await ended(this.#daemon, 'SIGKILL');
    // The keyring may have been writing when it was killed.
    await rm(this.env.HOME ?? '', { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }

  async #internal(member: string, signature: string, argument: WireValue): Promise<void> {
    const session = await openSecretSession(this.control);
    const password = session.encrypt(Buffer.from(PASSWORD), 'text/plain');
    const call = { ...SECRETS, interface: INTERNAL, member, signature: `${signature}(oayays)` };
    await this.control.call({ ...call, body: [argument, password] });
  }

  #ownerChanges(isIt: (owner: string) => boolean): Promise<void> {
    const rule = { sender: BUS.destination, path: BUS.path, interface: BUS.interface, member: 'NameOwnerChanged' };
    return this.control.wait<void>(10_000, 'gnome-keyring', (resolve) =>
      this.control.watch({ ...rule, arg0: SECRETS.destination }, (signal) => {
        if (isIt(String(signal.body[2]))) resolve();
      }),
    );
  }
}

function collectionPath(name: string): string {
  return `${SECRETS.path}/collection/${name}`;
}
