import type { Tab } from '../test/e2e/browser.ts';
import type { Firefox } from '../test/e2e/firefox.ts';

/** A picture of Firefox's window, tab bar and all, as PNG. */
export async function windowPicture(window: Tab): Promise<Buffer> {
  const url = await window.evaluate<string>(`(async () => {
    const picture = await window.browsingContext.currentWindowGlobal.drawSnapshot(null, 1, 'white');
    const canvas = document.createElementNS('http://www.w3.org/1999/xhtml', 'canvas');
    canvas.width = picture.width;
    canvas.height = picture.height;
    canvas.getContext('2d').drawImage(picture, 0, 0);
    return canvas.toDataURL('image/png');
  })()`);
  return Buffer.from(url.slice(url.indexOf(',') + 1), 'base64');
}

/** Brings a tab to the front. */
export async function select(firefox: Firefox, tab: Tab): Promise<void> {
  const url = JSON.stringify(await tab.url());
  const window = await firefox.window();
  await window.evaluate(
    `void (gBrowser.selectedTab = gBrowser.tabs.find((tab) => tab.linkedBrowser.currentURI.spec === ${url}))`,
  );
}
