import browser from 'webextension-polyfill';
import type { ProfileSummary, WireError } from '../native-host/protocol.ts';
import type { SignIn } from './popup-state.ts';

/** Kept across restarts. Names and what the AWS config says of them; nothing secret, no URL that signs anybody in. */
type Local = {
  /** The host's last list, so that the popup paints before the worker is awake. */
  readonly profiles: readonly ProfileSummary[];
  /** Profile -> when its console was last opened, ISO 8601. */
  readonly recent: Readonly<Record<string, string>>;
  /** Profile -> `cookieStoreId` of its Firefox container. */
  readonly containers: Readonly<Record<string, string>>;
  /** Start URL of an organisation -> `cookieStoreId` of its container. */
  readonly organisations: Readonly<Record<string, string>>;
};

/** Kept until the browser closes, in memory: survives the worker, not the user's session. */
type Session = {
  readonly signIns: Readonly<Record<string, SignIn>>;
  /** Why the host could not be used, as long as that is so. */
  readonly hostError: WireError | undefined;
  readonly normalWindowId: number;
  readonly promptWindowId: number;
  /** Login -> the tab it goes on in. */
  readonly loginTabs: Readonly<Record<string, number>>;
};

/** Only this extension writes here, under these types; a missing key is absent from the answer. */
export async function readLocal<K extends keyof Local>(...keys: K[]): Promise<Partial<Pick<Local, K>>> {
  return (await browser.storage.local.get(keys)) as Partial<Pick<Local, K>>; // written by writeLocal alone
}

export async function writeLocal(values: Partial<Local>) {
  await browser.storage.local.set(values);
}

export async function readSession<K extends keyof Session>(...keys: K[]): Promise<Partial<Pick<Session, K>>> {
  return (await browser.storage.session.get(keys)) as Partial<Pick<Session, K>>; // written by writeSession alone
}

/** `undefined` takes a value away. */
export async function writeSession(values: { readonly [K in keyof Session]?: Session[K] | undefined }) {
  const entries = Object.entries(values);
  const gone = entries.filter(([, value]) => value === undefined).map(([name]) => name);
  if (gone.length > 0) await browser.storage.session.remove(gone);
  if (gone.length < entries.length) await browser.storage.session.set(values);
}

let lastWrite: Promise<void> = Promise.resolve();

/** Notes that `profile`'s console was opened at `openedAt`; profiles that are gone fall out with the next list. */
export function rememberOpened(profile: string, openedAt: Date): Promise<void> {
  const write = async () => {
    const { recent = {} } = await readLocal('recent');
    await writeLocal({ recent: { ...recent, [profile]: openedAt.toISOString() } });
  };
  lastWrite = lastWrite.then(write, write); // one after the other: two consoles opened at once are both noted
  return lastWrite;
}
