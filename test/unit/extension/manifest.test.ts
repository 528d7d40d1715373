import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { devicePages, REGIONS } from '../../../build/device-pages.ts';
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

  test.each(['chromium', 'firefox'] as const)(
    'of %s reaches the device pages of AWS alone, by one script',
    (browser) => {
      const made = manifestFor(browser);
      for (const key of ['host_permissions', 'web_accessible_resources', 'externally_connectable']) {
        expect(made).not.toHaveProperty(key);
      }
      expect(made.content_scripts).toEqual([
        { matches: devicePages(), js: ['extension/device-page.js'], run_at: 'document_start' },
      ]);
    },
  );

  test('lets its own pages run and load nothing from outside', () => {
    expect(manifest.content_security_policy.extension_pages).toMatch(/^default-src 'none';/);
  });

  test('has the version of the package and icons that exist', () => {
    expect(manifest.version).toBe(packageJson.version);
    const root = resolve(import.meta.dirname, '../../..');
    expect(Object.values(manifest.icons).filter((icon) => !existsSync(resolve(root, icon)))).toEqual([]);
  });
});

describe('the device pages', () => {
  /** As browsers read a match pattern. */
  const covers = (url: string): boolean => {
    const { protocol, hostname, pathname } = new URL(url);
    return devicePages().some((pattern) => {
      const [, host = '', path = ''] = /^https:\/\/([^/]+)(\/.*)$/.exec(pattern) ?? [];
      const isHost = host.startsWith('*.') ? `.${hostname}`.endsWith(host.slice(1)) : hostname === host;
      return protocol === 'https:' && isHost && pathname.startsWith(path.replace(/\*$/, ''));
    });
  };

  test.each([
    'https://d-0123456789.awsapps.com/start/#/device?user_code=BCDF-GHJK',
    'https://corp.awsapps.com/start#/device',
    'https://start.us-gov-home.awsapps.com/directory/d-0123456789#/device?user_code=BCDF-GHJK',
    'https://start.us-gov-east-1.us-gov-home.awsapps.com/directory/corp#/device',
    'https://start.cn-north-1.home.awsapps.cn/directory/corp#/device',
    'https://ssoins-0123456789abcdef.us-east-1.portal.amazonaws.com/#/device?user_code=BCDF-GHJK',
    'https://ssoins-0123456789abcdef.portal.eu-west-1.app.aws/#/device',
    'https://ssoins-0123456789abcdef.cn-north-1.portal.amazonaws.com.cn/#/device',
    'https://device.sso.us-gov-west-1.amazonaws.com/?user_code=BCDF-GHJK',
    'https://device.sso.cn-northwest-1.amazonaws.com.cn/',
  ])('take in %s', (url) => expect(covers(url)).toBe(true));

  test.each([
    'http://corp.awsapps.com/start/#/device',
    'https://corp.awsapps.com/mail',
    'https://corp.awsapps.com/workdocs/index.html',
    'https://evil-awsapps.com/start/#/device',
    'https://oidc.us-east-1.amazonaws.com/authorize',
    'https://s3.us-east-1.amazonaws.com/bucket',
    'https://mlflow.sagemaker.us-east-1.app.aws/#/device',
    'https://us-east-1.console.aws.amazon.com/',
  ])('leave out %s', (url) => expect(covers(url)).toBe(false));

  test('are those of every region the SDK knows', () => {
    const file = 'node_modules/@aws-sdk/core/dist-es/submodules/client/util-endpoints/lib/aws/partitions.js';
    const text = readFileSync(resolve(import.meta.dirname, '../../..', file), 'utf8');
    const known = [...text.matchAll(/"?\b((?:cn|us-gov|af|ap|ca|eu|il|me|mx|sa|us)-[a-z]+-\d)"?\s*:/g)].map(
      ([, name]) => name,
    );
    expect(known.length).toBeGreaterThan(30);
    const listed = Object.values(REGIONS).flatMap((names) => names.split(' '));
    expect([...new Set(known)].filter((name) => !listed.includes(name ?? ''))).toEqual([]);
  });
});
