import browser from 'webextension-polyfill';
import { VaultError } from '../native-host/errors.ts';
import { hasContainers } from './containers.ts';
import { normalWindowId } from './normal-window.ts';
import { groupTab } from './tab-groups.ts';

/**
 * Opens a page in a tab in front: in a container (Firefox), or in the tab group called `groupName` (Chromium). Answers the tab's id.
 * @throws VaultError INTERNAL, which does not hold the URL
 */
export async function openTab(
  url: URL,
  place: { readonly cookieStoreId: string | undefined; readonly groupName: string },
): Promise<number | undefined> {
  const { cookieStoreId, groupName } = place;
  const container = cookieStoreId === undefined ? {} : { cookieStoreId };
  const windowId = await normalWindowId();
  const tabId = await create({ url: url.href, windowId, active: true, ...container });
  await browser.windows.update(windowId, { focused: true });
  if (hasContainers() || tabId === undefined) return tabId;
  await groupTab(tabId, windowId, groupName).catch(() => {
    // The page is open: a tab that stays outside its group (the user was just dragging it) is no failure.
  });
  return tabId;
}

async function create(properties: Parameters<typeof browser.tabs.create>[0]): Promise<number | undefined> {
  try {
    return (await browser.tabs.create(properties)).id;
  } catch {
    // The browser's own text may quote the URL, which signs in whoever reads it: it goes no further.
    throw new VaultError('INTERNAL', 'the browser refused to open the tab; try again');
  }
}
