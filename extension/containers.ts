import browser, { type ContextualIdentities } from 'webextension-polyfill';
import { VaultError } from '../native-host/errors.ts';
import { organisationName } from './organisation-name.ts';
import { profileColour, tabGroupColour } from './profile-colour.ts';
import { readLocal, writeLocal } from './storage.ts';

/** Whose cookies a container keeps apart: those of a profile's console, or of an organisation's IAM Identity Center. */
export type ContainerOwner = {
  readonly kept: 'containers' | 'organisations';
  /** What it is found again by. */
  readonly key: string;
  readonly name: string;
  readonly icon: 'circle' | 'fence';
};

export function ofProfile(profile: string): ContainerOwner {
  return { kept: 'containers', key: profile, name: profile, icon: 'circle' };
}

export function ofOrganisation(login: { readonly startUrl: string; readonly session?: string }): ContainerOwner {
  return { kept: 'organisations', key: login.startUrl, name: organisationName(login), icon: 'fence' };
}

/** Firefox has containers; Chromium has nothing of the kind. */
export function hasContainers(): boolean {
  return browser.contextualIdentities !== undefined;
}

let lastSearch: Promise<unknown> = Promise.resolve();

/**
 * The cookie store of `owner`'s own container: the one made for it before, wherever the user has renamed it; else one
 * that looks exactly as ours would (the add-on was reinstalled); else a new one. Containers are never removed.
 * @throws VaultError CONTAINERS_DISABLED
 */
export function containerOf(owner: ContainerOwner): Promise<string> {
  const search = () => findOrCreate(owner);
  const found = lastSearch.then(search, search); // one at a time: two clicks must not make two containers
  lastSearch = found;
  return found;
}

/**
 * The cookie store of the container that `containerOf` would find; undefined where it would have to make one.
 * @throws VaultError CONTAINERS_DISABLED
 */
export function existingContainerOf(owner: ContainerOwner): Promise<string | undefined> {
  const search = () => find(owner);
  const found = lastSearch.then(search, search); // after a search that may make it
  lastSearch = found;
  return found;
}

async function findOrCreate(owner: ContainerOwner): Promise<string> {
  const { kept, key } = owner;
  const cookieStoreId = (await find(owner)) ?? (await create(owner)).cookieStoreId;
  const { [kept]: containers = {} } = await readLocal(kept);
  if (containers[key] !== cookieStoreId) await writeLocal({ [kept]: { ...containers, [key]: cookieStoreId } });
  return cookieStoreId;
}

async function find(owner: ContainerOwner): Promise<string | undefined> {
  const { kept, key } = owner;
  const [identities, { [kept]: containers = {} }] = await Promise.all([allContainers(), readLocal(kept)]);
  const remembered = identities.find(({ cookieStoreId }) => cookieStoreId === containers[key]);
  if (remembered) return remembered.cookieStoreId;
  // Two organisations may have sessions of one name: a container that is another one's is nobody else's.
  const taken = Object.values(containers);
  const alike = identities.filter((one) => isOurs(one, owner) && !taken.includes(one.cookieStoreId));
  return alike.length === 1 ? alike[0]?.cookieStoreId : undefined;
}

/** A container that only happens to bear the name ("Work", briefcase, orange) is the user's own: its cookies stay its own. */
function isOurs(identity: ContextualIdentities.ContextualIdentity, { name, icon }: ContainerOwner): boolean {
  const colour = profileColour(name);
  // Firefox 153 takes `turquoise` and calls it `cyan` from then on, as Chromium does.
  const names: readonly string[] = [colour, tabGroupColour(colour)];
  return identity.name === name && identity.icon === icon && names.includes(identity.color);
}

function create({ name, icon }: ContainerOwner): Promise<ContextualIdentities.ContextualIdentity> {
  return browser.contextualIdentities.create({ name, color: profileColour(name), icon });
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
