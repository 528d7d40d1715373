import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type People, populate, startWorld, type World } from '../cli/world.ts';
import { makeTestCertificates } from '../fake-aws/certificates.ts';
import { type Browser, POPUP_PAGE, type Tab } from './browser.ts';
import { startChromium } from './chromium.ts';
import { startFirefox } from './firefox.ts';
import { waitForTab } from './page.ts';

export const BROWSERS = ['firefox', 'chromium'] as const;
export type BrowserName = (typeof BROWSERS)[number];

/** A person's computer: a home, keys in the vault, the host installed for a browser that is running with the extension. */
export type Desk = {
  readonly world: World;
  readonly people: People;
  readonly browser: Browser;
  /** The popup's page in a tab, where it can be clicked. */
  readonly popup: () => Promise<Tab>;
  readonly close: () => Promise<void>;
};

const START = { firefox: startFirefox, chromium: startChromium };

export type DeskOptions = {
  readonly isHostInstalled?: boolean;
  /** AWS's own host names lead the browser to the sandbox. */
  readonly hasAwsHosts?: boolean;
  readonly env?: Record<string, string>;
  /** The unpacked extension, in place of the one that was built. */
  readonly extension?: (world: World) => string;
  readonly prepare?: (world: World, people: People) => Promise<void> | void;
};

export async function openDesk(
  name: BrowserName,
  { isHostInstalled = true, hasAwsHosts = false, env = {}, extension: ownExtension, prepare }: DeskOptions = {},
): Promise<Desk> {
  const world = await startWorld(hasAwsHosts ? { tls: await certificates() } : {});
  try {
    const people = await populate(world);
    await prepare?.(world, people);
    if (isHostInstalled) await installHost(world, name);
    const browserEnv = { ...world.env, ...env };
    const extension = ownExtension?.(world) ?? path.resolve('dist/extension', name);
    const proxyUrl = hasAwsHosts ? world.aws.proxyUrl : undefined;
    const browser = await START[name]({ home: world.home, env: browserEnv, extension, proxyUrl });
    return {
      ...{ world, people, browser },
      popup: async () => {
        const popup = await browser.open(browser.origin + POPUP_PAGE);
        await popup.resize(380, 600);
        return popup;
      },
      close: async () => {
        await browser.close();
        await world.close();
      },
    };
  } catch (error) {
    await world.close();
    throw error;
  }
}

async function certificates() {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'keyturn-tls-'));
  try {
    return await makeTestCertificates(dir);
  } finally {
    fs.rmSync(dir, { recursive: true });
  }
}

export async function installHost(world: World, name: BrowserName): Promise<void> {
  const { status, stderr } = await world.run(['host', 'install', '--browser', name]);
  if (status !== 0) throw new Error(`host install failed: ${stderr}`);
}

export const CODE_FIELD = '[data-prompt=mfa][data-phase=asking] .code-field';

/** The small window that asks for a code, once it is there. */
export async function promptWindow({ browser }: Desk): Promise<Tab> {
  const isPrompt = async (tab: Tab): Promise<boolean> => (await tab.url().catch(() => '')).endsWith('?prompt');
  return waitForTab(browser, 'a prompt window', isPrompt);
}

export function screenshot(name: string, png: Buffer): void {
  const dir = path.resolve('dist/screenshots');
  fs.mkdirSync(dir, { recursive: true });
  fs.writeFileSync(path.join(dir, `${name}.png`), png);
}
