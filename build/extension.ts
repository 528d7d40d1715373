import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { crx } from '@crxjs/vite-plugin';
import { build, type Plugin, type PluginOption, transformWithOxc, type UserConfig } from 'vite';
import manifest from '../manifest.json' with { type: 'json' };
import { devicePages } from './device-pages.ts';

export type Browser = 'chromium' | 'firefox';

const root = resolve(import.meta.dirname, '..');

/** Permissions that only one browser has an API for; asking for them elsewhere is a warning to users and reviewers. */
const foreignPermissions: { [B in Browser]: readonly string[] } = {
  chromium: ['contextualIdentities', 'cookies'],
  firefox: ['tabGroups'],
};

const DEVICE_PAGE = 'extension/device-page';

/** One script, which checks the device codes that a person is asked to allow, from before the page can be clicked. */
const contentScripts = [{ matches: devicePages(), js: [`${DEVICE_PAGE}.js`], run_at: 'document_start' }];

/**
 * The one manifest, as a single browser wants it: its own background key, no key or permission of the other browser.
 */
export function manifestFor(browser: Browser) {
  const { key, minimum_chrome_version, browser_specific_settings, background, permissions, ...rest } = manifest;
  const shared = { ...rest, content_scripts: contentScripts };
  const own = permissions.filter((permission) => !foreignPermissions[browser].includes(permission));
  if (browser === 'firefox') {
    const { service_worker: _, ...eventPage } = background;
    return { ...shared, browser_specific_settings, background: eventPage, permissions: own };
  }
  const { scripts: _, ...worker } = background;
  return { ...shared, key, minimum_chrome_version, background: worker, permissions: own };
}

const POPUP_PAGE = 'extension/popup/popup.html';
const FIRST_PAINT = 'extension/popup/first-paint';

/** Puts the popup's classic script beside its page as it is: vite bundles modules only, and those run after the first paint. */
function firstPaint(): Plugin {
  return {
    name: 'first-paint',
    async generateBundle() {
      const file = resolve(root, `${FIRST_PAINT}.ts`);
      const { code } = await transformWithOxc(readFileSync(file, 'utf8'), file, { sourcemap: false });
      this.emitFile({ type: 'asset', fileName: `${FIRST_PAINT}.js`, source: code });
    },
    transformIndexHtml: () => [{ tag: 'script', attrs: { src: './first-paint.js' }, injectTo: 'body' }],
  };
}

/**
 * Puts the popup's styles into its page: the browser paints nothing before it has them, and a file of an extension comes from
 * another process. The policy of the pages then allows these styles, by their hash, and still no others.
 */
function stylesInPage(): Plugin {
  return {
    name: 'styles-in-page',
    writeBundle({ dir = '' }) {
      const page = resolve(dir, POPUP_PAGE);
      const link = /<link rel="stylesheet"[^>]* href="([^"]+)">/.exec(readFileSync(page, 'utf8'));
      if (link === null) throw new Error(`${page} has no style sheet`);
      const file = resolve(dirname(page), (link[1] ?? '').replace(/^\//, `${dir}/`));
      const css = readFileSync(file, 'utf8');
      rmSync(file);
      const hash = createHash('sha256').update(css).digest('base64');
      replaceIn(page, link[0], `<style>${css}</style>`);
      replaceIn(resolve(dir, 'manifest.json'), "style-src 'self'", `style-src 'self' 'sha256-${hash}'`);
    },
  };
}

/** Puts the content script in as one classic script, and only then into the manifest: crx would load it through a module that pages can fetch. */
function devicePage(target: string): Plugin {
  return {
    name: 'device-page',
    async generateBundle() {
      const entry = resolve(root, DEVICE_PAGE, 'main.ts');
      const lib = { entry, formats: ['iife' as const], name: 'keyturn', fileName: () => 'device-page.js' };
      const options = { write: false, target, lib, reportCompressedSize: false, modulePreload: false } as const;
      const [built] = [
        await build({ configFile: false, root, publicDir: false, logLevel: 'warn', build: options }),
      ].flat();
      if (built === undefined || !('output' in built)) throw new Error('the device page was not built');
      this.emitFile({ type: 'asset', fileName: `${DEVICE_PAGE}.js`, source: built.output[0].code });
    },
    writeBundle: {
      order: 'post',
      handler({ dir = '' }) {
        const file = join(dir, 'manifest.json');
        const written = JSON.parse(readFileSync(file, 'utf8'));
        writeFileSync(file, `${JSON.stringify({ ...written, content_scripts: contentScripts }, null, 2)}\n`);
      },
    },
  };
}

function replaceIn(file: string, text: string, by: string): void {
  const content = readFileSync(file, 'utf8');
  if (!content.includes(text)) throw new Error(`${file} does not hold ${text}`);
  writeFileSync(
    file,
    content.replace(text, () => by),
  );
}

/** The vite build of the extension for one browser, unpacked in dist/extension/<browser>/, where the browser can load it. */
export function extensionConfig(browser: Browser): UserConfig {
  const { content_scripts: _, ...ofPages } = manifestFor(browser);
  const target = browser === 'firefox' ? 'firefox142' : 'chrome126';
  const crxManifest = ofPages as Parameters<typeof crx>[0]['manifest']; // plain JSON, where crx's type wants literals
  return {
    root,
    publicDir: false,
    build: {
      outDir: resolve(root, 'dist/extension', browser),
      emptyOutDir: true,
      target,
      modulePreload: { polyfill: false },
      sourcemap: false,
      reportCompressedSize: false,
    },
    plugins: [
      firstPaint(),
      devicePage(target),
      crx({ manifest: crxManifest, browser: browser === 'firefox' ? 'firefox' : 'chrome' }) as PluginOption,
      stylesInPage(),
    ],
  };
}
