import browser from 'webextension-polyfill';
import { VaultError } from '../native-host/errors.ts';
import type { Actions, LoginPage } from '../native-host/protocol.ts';
import { containerOf, hasContainers, ofOrganisation } from './containers.ts';
import type { HostConnection } from './host-connection.ts';
import { loginPageUrl } from './login-page-url.ts';
import { openTab } from './open-tab.ts';
import type { StateStore } from './state-store.ts';
import { readSession, writeSession } from './storage.ts';
import { toWireError } from './wire-error.ts';

/** The host only takes the news in. */
const TELL_MS = 30_000;

/**
 * The logins to IAM Identity Center that are under way, and their tabs: each in the container of its organisation, closed when the
 * login is over. The device codes are in memory only; which tab is whose is kept for the worker's next life.
 */
export class LoginTabs {
  readonly #connection: HostConnection;
  readonly #store: StateStore;
  #lastWrite: Promise<unknown> = Promise.resolve();

  constructor(connection: HostConnection, store: StateStore) {
    this.#connection = connection;
    this.#store = store;
  }

  /** Shows the page of a login, and tells the host how that went. Never rejects. */
  async begin(login: LoginPage) {
    const { loginId } = login;
    this.#store.set({ logins: [...this.#others(loginId), login] });
    if (!login.opensTab) return;
    const error = await this.#open(login).then(
      () => undefined,
      (failure: unknown) => toWireError(failure),
    );
    await this.#tell('loginShown', { loginId, ...(error && { error: { code: error.code, message: error.message } }) });
  }

  /** The login is over, however it ended: its page has nothing more to show. */
  async end(loginId: string) {
    this.#store.set({ logins: this.#others(loginId) });
    const taken = await this.#take((id) => id === loginId);
    if (taken) await closeTab(taken.tabId);
  }

  /** With the connection all logins of this host are gone; a terminal's comes back with the next one. */
  endAll() {
    this.#store.set({ logins: [] });
  }

  /** A tab was closed: whoever began its login in this browser need not wait for it any longer. */
  async noteClosed(tabId: number) {
    const taken = await this.#take((_, tab) => tab === tabId);
    if (taken) await this.#tell('loginClosed', { loginId: taken.loginId });
  }

  /** The device code that the page at `origin` is waiting for: that of the login in this tab, else the only one of that page. */
  async codeFor(tabId: number | undefined, origin: string): Promise<string | undefined> {
    const { loginTabs = {} } = await readSession('loginTabs');
    const pending = this.#store.state.logins.filter(({ userCode }) => userCode !== undefined);
    const here = pending.find(({ loginId }) => tabId !== undefined && loginTabs[loginId] === tabId);
    const alike = pending.filter(({ url }) => URL.parse(url)?.origin === origin);
    return (here ?? (alike.length === 1 ? alike[0] : undefined))?.userCode;
  }

  /** Closes a page that the person was warned of. */
  async close(tabId: number | undefined): Promise<undefined> {
    if (tabId !== undefined) await closeTab(tabId);
  }

  async #open(login: LoginPage) {
    const { loginId } = login;
    const url = loginPageUrl(login.url);
    if (!url) {
      throw new VaultError(
        'BAD_MESSAGE',
        'the Keyturn host sent something that is not a login page; update it and try again',
      );
    }
    const owner = ofOrganisation(login);
    const cookieStoreId = hasContainers() ? await containerOf(owner) : undefined;
    const tabId = await openTab(url, { cookieStoreId, groupName: owner.name });
    if (tabId === undefined) return;
    await this.#change((tabs) => ({ ...tabs, [loginId]: tabId }));
    // Meanwhile the login may have ended, or the person closed the tab.
    if (!this.#store.state.logins.some((one) => one.loginId === loginId)) await this.end(loginId);
    else if (!(await isOpen(tabId))) await this.noteClosed(tabId);
  }

  #others(loginId: string): readonly LoginPage[] {
    return this.#store.state.logins.filter((login) => login.loginId !== loginId);
  }

  /** Takes the login that is meant out of the kept tabs. */
  async #take(
    isMeant: (loginId: string, tabId: number) => boolean,
  ): Promise<{ readonly loginId: string; readonly tabId: number } | undefined> {
    let taken: { loginId: string; tabId: number } | undefined;
    await this.#change((tabs) => {
      const found = Object.entries(tabs).find(([loginId, tabId]) => isMeant(loginId, tabId));
      if (!found) return tabs;
      taken = { loginId: found[0], tabId: found[1] };
      return Object.fromEntries(Object.entries(tabs).filter(([loginId]) => loginId !== found[0]));
    });
    return taken;
  }

  /** One change at a time: two logins that begin at once are both kept. */
  #change(change: (tabs: Readonly<Record<string, number>>) => Readonly<Record<string, number>>): Promise<void> {
    const write = async () => {
      const { loginTabs = {} } = await readSession('loginTabs');
      const changed = change(loginTabs);
      if (changed !== loginTabs) await writeSession({ loginTabs: changed });
    };
    const written = this.#lastWrite.then(write, write);
    this.#lastWrite = written;
    return written;
  }

  async #tell<A extends 'loginShown' | 'loginClosed'>(action: A, params: Actions[A]['params']) {
    await this.#connection.call(action, params, { timeoutMs: TELL_MS, needs: 'logins' }).catch(() => {
      // The connection is gone, and with it the host that waits.
    });
  }
}

async function isOpen(tabId: number): Promise<boolean> {
  return browser.tabs.get(tabId).then(
    () => true,
    () => false, // fails for one reason only
  );
}

/** The last tab of a window would take the window with it, and with the last window the browser. */
async function closeTab(tabId: number) {
  try {
    const { windowId } = await browser.tabs.get(tabId);
    const inWindow = windowId === undefined ? {} : { windowId };
    if ((await browser.tabs.query(inWindow)).length === 1) await browser.tabs.create(inWindow);
    await browser.tabs.remove(tabId);
  } catch {
    // The person was faster.
  }
}
