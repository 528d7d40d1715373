import browser from 'webextension-polyfill';
import { VaultError } from '../native-host/errors.ts';
import { containerOf, existingContainerOf, hasContainers } from './containers.ts';
import { normalWindowId } from './normal-window.ts';
import { signInUrl, signOutUrl } from './sign-in-url.ts';
import { groupTab } from './tab-groups.ts';

/**
 * Opens a sign-in URL in a new tab: in `profile`'s own container (Firefox) or tab group (Chromium).
 * @throws VaultError BAD_MESSAGE, CONTAINERS_DISABLED, INTERNAL; none of them holds the URL
 */
export async function openConsole(profile: string, url: string) {
  const checked = signInUrl(url);
  await openIn(profile, checked, hasContainers() ? await containerOf(profile) : undefined);
}

/**
 * Opens the sign-out page where `openConsole` opened the console. A profile without a container was never signed in there.
 * @throws VaultError BAD_MESSAGE, CONTAINERS_DISABLED, INTERNAL
 */
export async function openSignOut(profile: string, url: string) {
  const checked = signOutUrl(url);
  const cookieStoreId = hasContainers() ? await existingContainerOf(profile) : undefined;
  if (!hasContainers() || cookieStoreId !== undefined) await openIn(profile, checked, cookieStoreId);
}

async function openIn(profile: string, checked: URL, cookieStoreId: string | undefined) {
  const container = cookieStoreId === undefined ? {} : { cookieStoreId };
  const windowId = await normalWindowId();
  const tabId = await openTab({ url: checked.href, windowId, active: true, ...container });
  await browser.windows.update(windowId, { focused: true });
  if (hasContainers() || tabId === undefined) return;
  await groupTab(tabId, windowId, profile).catch(() => {
    // The console is open: a tab that stays outside its group (the user was just dragging it) is no failed sign-in.
  });
}

async function openTab(properties: Parameters<typeof browser.tabs.create>[0]): Promise<number | undefined> {
  try {
    return (await browser.tabs.create(properties)).id;
  } catch {
    // The browser's own text may quote the URL, which signs in whoever reads it: it goes no further.
    throw new VaultError('INTERNAL', 'the browser refused to open the console tab; try again');
  }
}
