import { containerOf, existingContainerOf, hasContainers, ofProfile } from './containers.ts';
import { openTab } from './open-tab.ts';
import { signInUrl, signOutUrl } from './sign-in-url.ts';

/**
 * Opens a sign-in URL in a new tab: in `profile`'s own container (Firefox) or tab group (Chromium).
 * @throws VaultError BAD_MESSAGE, CONTAINERS_DISABLED, INTERNAL; none of them holds the URL
 */
export async function openConsole(profile: string, url: string) {
  const checked = signInUrl(url);
  const cookieStoreId = hasContainers() ? await containerOf(ofProfile(profile)) : undefined;
  await openTab(checked, { cookieStoreId, groupName: profile });
}

/**
 * Opens the sign-out page where `openConsole` opened the console. A profile without a container was never signed in there.
 * @throws VaultError BAD_MESSAGE, CONTAINERS_DISABLED, INTERNAL
 */
export async function openSignOut(profile: string, url: string) {
  const checked = signOutUrl(url);
  const cookieStoreId = hasContainers() ? await existingContainerOf(ofProfile(profile)) : undefined;
  if (hasContainers() && cookieStoreId === undefined) return;
  await openTab(checked, { cookieStoreId, groupName: profile });
}
