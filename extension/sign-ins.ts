import { VaultError } from '../native-host/errors.ts';
import type { HostConnection } from './host-connection.ts';
import { openConsole } from './open-console.ts';
import type { SignIn } from './popup-state.ts';
import type { StateStore } from './state-store.ts';
import { readSession, rememberOpened, writeSession } from './storage.ts';
import { toWireError } from './wire-error.ts';

/** Somebody may have to find a phone and type a code meanwhile; the host gives up on its prompts before this. */
const SIGN_IN_MS = 15 * 60_000;

/** The console sign-ins under way and those that failed, by profile. */
export class SignIns {
  readonly #connection: HostConnection;
  readonly #store: StateStore;
  readonly #running = new Map<string, AbortController>();

  constructor(connection: HostConnection, store: StateStore) {
    this.#connection = connection;
    this.#store = store;
  }

  /** Shows again what a previous life of the worker left behind: its failures, and its unfinished sign-ins as failures. */
  async restore() {
    const { signIns = {} } = await readSession('signIns');
    const lost = new VaultError('HOST_GONE', 'the browser stopped Keyturn during this sign-in; try again');
    const restored = Object.entries(signIns).map(([profile, signIn]): [string, SignIn] => [
      profile,
      signIn.status === 'pending' ? { status: 'failed', error: toWireError(lost) } : signIn,
    ]);
    this.#show({ ...Object.fromEntries(restored), ...this.#store.state.signIns });
  }

  /** Opens `profile`'s console; a second click while it is under way changes nothing. Failures go to the state. */
  async open(profile: string) {
    if (this.#running.has(profile)) return;
    const abort = new AbortController();
    this.#running.set(profile, abort);
    this.#set(profile, { status: 'pending' });
    try {
      const { url } = await this.#connection.call(
        'consoleUrl',
        { profile },
        { timeoutMs: SIGN_IN_MS, signal: abort.signal, needs: 'console-url' },
      );
      abort.signal.throwIfAborted();
      await openConsole(profile, url);
      await rememberOpened(profile, new Date());
      this.#set(profile, undefined);
    } catch (error) {
      const isCancelled = abort.signal.aborted || (error instanceof VaultError && error.code === 'CANCELLED');
      this.#set(profile, isCancelled ? undefined : { status: 'failed', error: toWireError(error) });
    } finally {
      this.#running.delete(profile);
    }
  }

  /** Stops a sign-in under way; the host is told and no tab opens. */
  cancel(profile: string) {
    this.#running.get(profile)?.abort();
  }

  /** Puts a failure aside. */
  dismiss(profile: string) {
    if (!this.#running.has(profile)) this.#set(profile, undefined);
  }

  #set(profile: string, signIn: SignIn | undefined) {
    const { [profile]: _, ...others } = this.#store.state.signIns;
    this.#show(signIn ? { ...others, [profile]: signIn } : others);
  }

  #show(signIns: Readonly<Record<string, SignIn>>) {
    this.#store.set({ signIns });
    void writeSession({ signIns }); // the popup reads it at its first paint; losing one write costs nothing
  }
}
