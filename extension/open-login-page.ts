import browser from 'webextension-polyfill';
import { loginPageUrl } from './login-page-url.ts';
import { normalWindowId } from './normal-window.ts';

/**
 * Opens the page on which the person logs in to IAM Identity Center in a tab. In Firefox it is in no container, because one
 * login serves all profiles.
 */
export async function openLoginPage(text: string) {
  const url = loginPageUrl(text);
  if (!url) return;
  const windowId = await normalWindowId();
  await browser.tabs.create({ url: url.href, windowId, active: true });
  await browser.windows.update(windowId, { focused: true });
}
