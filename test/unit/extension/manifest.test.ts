import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { manifestFor } from '../../../build/extension.ts';
import manifest from '../../../manifest.json' with { type: 'json' };
import { FIREFOX_ADDON_ID } from '../../../native-host/protocol.ts';
import packageJson from '../../../package.json' with { type: 'json' };

describe('manifest', () => {
  test('gives Chromium a worker and no key or permission of Firefox', () => {
    const chromium = manifestFor('chromium');
    expect(chromium.background).toEqual({ service_worker: 'extension/background.ts', type: 'module' });
    expect(chromium.permissions).toEqual(['nativeMessaging', 'storage', 'alarms', 'tabGroups']);
    expect(chromium).not.toHaveProperty('browser_specific_settings');
    expect(chromium).toHaveProperty('key', manifest.key);
  });

  test('gives Firefox an event page, its add-on ID and no key or permission of Chromium', () => {
    const firefox = manifestFor('firefox');
    expect(firefox.background).toEqual({ scripts: ['extension/background.ts'], type: 'module' });
    expect(firefox.permissions).toEqual(['nativeMessaging', 'storage', 'alarms', 'contextualIdentities', 'cookies']);
    expect(firefox).not.toHaveProperty('key');
    expect(firefox).not.toHaveProperty('minimum_chrome_version');
    expect(firefox).toHaveProperty('browser_specific_settings.gecko.id', FIREFOX_ADDON_ID);
    expect(firefox).toHaveProperty('browser_specific_settings.gecko.data_collection_permissions.required', ['none']);
  });

  test('reaches no web page: no host permission, no content script, nothing for pages to load or to talk to', () => {
    for (const key of ['host_permissions', 'content_scripts', 'web_accessible_resources', 'externally_connectable']) {
      expect(manifest).not.toHaveProperty(key);
    }
    expect(manifest.content_security_policy.extension_pages).toMatch(/^default-src 'none';/);
  });

  test('has the version of the package and icons that exist', () => {
    expect(manifest.version).toBe(packageJson.version);
    const root = resolve(import.meta.dirname, '../../..');
    expect(Object.values(manifest.icons).filter((icon) => !existsSync(resolve(root, icon)))).toEqual([]);
  });
});
