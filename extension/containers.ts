import browser, { type ContextualIdentities } from 'webextension-polyfill';
import { VaultError } from '../native-host/errors.ts';
import { profileColour, tabGroupColour } from './profile-colour.ts';
import { readLocal, writeLocal } from './storage.ts';

const ICON = 'circle';

/** Firefox has containers; Chromium has nothing of the kind. */
export function hasContainers(): boolean {
  return browser.contextualIdentities !== undefined;
}

let lastSearch: Promise<unknown> = Promise.resolve();

/**
 * The cookie store of `profile`'s own container: the one made for it before, wherever the user has renamed it; else one
 * that looks exactly as ours would (the add-on was reinstalled); else a new one. Containers are never removed.
 * @throws VaultError CONTAINERS_DISABLED
 */
export function containerOf(profile: string): Promise<string> {
  const search = () => findOrCreate(profile);
  const found = lastSearch.then(search, search); // one at a time: two clicks must not make two containers
  lastSearch = found;
  return found;
}

/**
 * The cookie store of the container that `containerOf` would find; undefined where it would have to make one.
 * @throws VaultError CONTAINERS_DISABLED
 */
export function existingContainerOf(profile: string): Promise<string | undefined> {
  const search = () => find(profile);
  const found = lastSearch.then(search, search); // after a search that may make it
  lastSearch = found;
  return found;
}

async function findOrCreate(profile: string): Promise<string> {
  const cookieStoreId = (await find(profile)) ?? (await create(profile)).cookieStoreId;
  const { containers = {} } = await readLocal('containers');
  if (containers[profile] !== cookieStoreId) {
    await writeLocal({ containers: { ...containers, [profile]: cookieStoreId } });
  }
  return cookieStoreId;
}

async function find(profile: string): Promise<string | undefined> {
  const [identities, { containers = {} }] = await Promise.all([allContainers(), readLocal('containers')]);
  const remembered = identities.find(({ cookieStoreId }) => cookieStoreId === containers[profile]);
  return (remembered ?? identities.find((identity) => isOurs(identity, profile)))?.cookieStoreId;
}

/** A container that only happens to bear the name ("Work", briefcase, orange) is the user's own: its cookies stay its own. */
function isOurs(identity: ContextualIdentities.ContextualIdentity, profile: string): boolean {
  const colour = profileColour(profile);
  // Firefox 153 takes `turquoise` and calls it `cyan` from then on, as Chromium does.
  const names: readonly string[] = [colour, tabGroupColour(colour)];
  return identity.name === profile && identity.icon === ICON && names.includes(identity.color);
}

function create(profile: string): Promise<ContextualIdentities.ContextualIdentity> {
  return browser.contextualIdentities.create({ name: profile, color: profileColour(profile), icon: ICON });
}

async function allContainers(): Promise<ContextualIdentities.ContextualIdentity[]> {
  try {
    return await browser.contextualIdentities.query({});
  } catch (cause) {
    // Asking for all of them fails for one reason only: the feature is off.
    throw new VaultError(
      'CONTAINERS_DISABLED',
      'container tabs are turned off in Firefox; turn on "Enable Container Tabs" in Settings, General, Tabs',
      { cause },
    );
  }
}
