import path from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { CHROMIUM_EXTENSION_ID } from '../../native-host/protocol.ts';
import type { Browser, BrowserOptions, Tab } from './browser.ts';

/** A Chromium of its own with the extension installed, driven over CDP. */
export async function startChromium(options: BrowserOptions): Promise<Browser> {
  const { home, env, extension, proxyUrl, isVisible = false } = options;
  // The default directory, so that the host manifest is where `keyturn host install` puts it.
  const context = await chromium.launchPersistentContext(path.join(home, '.config', 'chromium'), {
    executablePath: '/usr/lib/chromium/chromium',
    headless: !isVisible,
    chromiumSandbox: false,
    ignoreHTTPSErrors: true,
    ignoreDefaultArgs: ['--disable-extensions'],
    env,
    viewport: null,
    args: [
      `--disable-extensions-except=${extension}`,
      `--load-extension=${extension}`,
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
      // For https alone: what Chromium asks Google for on its own account is plain http.
      ...(proxyUrl === undefined ? [] : [`--proxy-server=https=${new URL(proxyUrl).host}`]),
    ],
  });
  const open = async (url: string): Promise<Tab> => {
    const page = await context.newPage();
    await page.goto(url);
    return tab(page);
  };
  return {
    origin: `chrome-extension://${CHROMIUM_EXTENSION_ID}`,
    open,
    tabs: async () => context.pages().map(tab),
    close: () => context.close(),
    stopWorker: async () => {
      const page = await context.newPage();
      const session = await context.newCDPSession(page);
      await session.send('ServiceWorker.enable');
      await session.send('ServiceWorker.stopAllWorkers');
      await page.close();
    },
  };
}

function tab(page: Page): Tab {
  return {
    url: async () => page.url(),
    go: async (url) => {
      await page.goto(url);
    },
    evaluate: <T>(expression: string) => page.evaluate<T>(expression),
    screenshot: () => page.screenshot(),
    press: (key) => page.keyboard.press(key),
    resize: (width, height) => page.setViewportSize({ width, height }),
    close: () => page.close(),
  };
}
