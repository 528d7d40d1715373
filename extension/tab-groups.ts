import browser from 'webextension-polyfill';
import { profileColour, tabGroupColour } from './profile-colour.ts';

let lastGrouping: Promise<unknown> = Promise.resolve();

/** Puts a tab into the group titled after `profile` in its window, making the group if there is none. */
export function groupTab(tabId: number, windowId: number, profile: string): Promise<void> {
  const group = () => findOrCreate(tabId, windowId, profile);
  const grouped = lastGrouping.then(group, group); // one at a time: two clicks must not make two groups
  lastGrouping = grouped;
  return grouped;
}

async function findOrCreate(tabId: number, windowId: number, profile: string) {
  if (browser.tabGroups === undefined) return;
  // The API's own title filter takes patterns, and a profile name may hold a `*`: compare here.
  const existing = (await browser.tabGroups.query({ windowId })).find(({ title }) => title === profile);
  if (existing) {
    await browser.tabs.group({ tabIds: tabId, groupId: existing.id });
    await browser.tabGroups.update(existing.id, { collapsed: false });
    return;
  }
  const groupId = await browser.tabs.group({ tabIds: tabId, createProperties: { windowId } });
  await browser.tabGroups.update(groupId, { title: profile, color: tabGroupColour(profileColour(profile)) });
}
