import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { chromium } from 'playwright-core';
import { createServer } from 'vite';
import { galleryStates } from './states.ts';

/**
 * Pictures of the popup in every state, light and dark, for looking at: `node test/extension-gallery/shoot.ts [directory]`.
 * Needs a Chromium: CHROMIUM names another than /usr/bin/chromium.
 */
const directory = process.argv[2] ?? join(tmpdir(), 'gallery');
mkdirSync(directory, { recursive: true });
const root = resolve(import.meta.dirname, '../..');
const server = await createServer({
  configFile: false,
  root,
  logLevel: 'error',
  server: { port: 0, host: '127.0.0.1', hmr: false },
  optimizeDeps: { noDiscovery: true },
});
await server.listen();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  chromiumSandbox: process.getuid?.() !== 0,
});
try {
  const address = `${server.resolvedUrls?.local[0]}test/extension-gallery/gallery.html`;
  for (const colorScheme of ['light', 'dark'] as const) {
    const context = await browser.newContext({
      viewport: { width: 360, height: 480 },
      deviceScaleFactor: 2,
      colorScheme,
    });
    for (const [name, { type, click, mode }] of Object.entries(galleryStates)) {
      const page = await context.newPage();
      if (mode === 'prompt') await page.setViewportSize({ width: 376, height: 500 });
      await page.goto(`${address}?${name}`);
      await page.locator('main').waitFor();
      if (type) await page.keyboard.type(type);
      if (click) await page.locator(click).click({ force: true }); // a disabled row can be clicked too
      await page.screenshot({ path: join(directory, `${name}-${colorScheme}.png`) });
      await page.close();
    }
    await context.close();
  }
} finally {
  await browser.close();
  await server.close();
}
