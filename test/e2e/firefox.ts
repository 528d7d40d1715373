import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { FIREFOX_ADDON_ID } from '../../native-host/protocol.ts';
import { type Bidi, connectBidi } from './bidi.ts';
import type { Browser, BrowserOptions, Tab } from './browser.ts';

export type FirefoxOptions = BrowserOptions & {
  readonly prefs?: Record<string, string | number | boolean>;
  /** `firefox-esr` if not given. */
  readonly binary?: string;
  /** Ends Firefox wherever it is, also while it starts. */
  readonly signal?: AbortSignal;
};

export type Firefox = Browser & {
  /** Firefox's own window as a page: tab bar, address bar and all. It can be evaluated in, but not captured. */
  readonly window: () => Promise<Tab>;
};

// Without these Firefox talks to Mozilla, which is noise in a test and leads nowhere on a machine without a network.
const QUIET: Record<string, string | number | boolean> = {
  'services.settings.server': 'data:,#remote-settings-dummy/v1',
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'extensions.update.enabled': false,
  'browser.safebrowsing.update.enabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'app.update.disabledForTesting': true,
  'browser.aboutwelcome.enabled': false,
  'browser.startup.homepage_override.mstone': 'ignore',
  'browser.sessionstore.resume_from_crash': false,
};

/** A Firefox of its own with the extension installed, driven over WebDriver BiDi. */
export async function startFirefox(options: FirefoxOptions): Promise<Firefox> {
  const uuid = randomUUID();
  const profile = path.join(options.home, 'firefox-profile');
  fs.mkdirSync(profile, { recursive: true });
  const uuids = JSON.stringify({ [FIREFOX_ADDON_ID]: uuid });
  writePrefs(profile, {
    ...QUIET,
    'extensions.webextensions.uuids': uuids,
    ...proxyPrefs(options.proxyUrl),
    ...options.prefs,
  });
  const child = start(profile, options);
  try {
    const bidi = await connectBidi(`${await listening(child)}/session`);
    await bidi.send('session.new', { capabilities: { alwaysMatch: { acceptInsecureCerts: true } } });
    await bidi.send('webExtension.install', { extensionData: { type: 'path', path: options.extension } });
    return browser(bidi, child, `moz-extension://${uuid}`);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

function writePrefs(profile: string, prefs: Record<string, string | number | boolean>): void {
  const lines = Object.entries(prefs).map(
    ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`,
  );
  fs.writeFileSync(path.join(profile, 'user.js'), lines.join(''));
}

/** What is on this computer needs no proxy, and Firefox asks none for it. */
function proxyPrefs(proxyUrl: string | undefined): Record<string, string | number> {
  if (proxyUrl === undefined) return {};
  const { hostname, port } = new URL(proxyUrl);
  return { 'network.proxy.type': 1, 'network.proxy.ssl': hostname, 'network.proxy.ssl_port': Number(port) };
}

function start(
  profile: string,
  { isVisible = false, env, binary = 'firefox-esr', signal }: FirefoxOptions,
): ChildProcess {
  const mode = isVisible ? [] : ['--headless'];
  const remote = ['--remote-debugging-port', '0', '--remote-allow-system-access'];
  const args = [...mode, '--no-remote', '--new-instance', '--profile', profile, ...remote, 'about:blank'];
  const stdio: StdioOptions = ['ignore', 'ignore', 'pipe'];
  return spawn(binary, args, { env, stdio, ...(signal && { signal, killSignal: 'SIGKILL' as const }) });
}

const START_MS = 60_000;
const CLOSE_MS = 15_000;

function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    const failed = (error: Error): void => {
      clearTimeout(timer);
      reject(error);
    };
    const timer = setTimeout(() => failed(new Error(`Firefox did not start: ${output}`)), START_MS);
    child.once('error', failed);
    child.once('exit', () => failed(new Error(`Firefox exited: ${output}`)));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      const url = /WebDriver BiDi listening on (ws:\S+)/.exec(output)?.[1];
      if (url === undefined) return;
      clearTimeout(timer);
      resolve(url);
    });
  });
}

type Tree = { readonly contexts: readonly { readonly context: string; readonly url: string }[] };

function browser(bidi: Bidi, child: ChildProcess, origin: string): Firefox {
  const tree = (scope = 'content'): Promise<Tree> => bidi.send<Tree>('browsingContext.getTree', { 'moz:scope': scope });
  return {
    origin,
    open: async (url) => {
      const { context } = await bidi.send<{ context: string }>('browsingContext.create', { type: 'tab' });
      const opened = tab(bidi, context);
      await opened.go(url);
      return opened;
    },
    tabs: async () => (await tree()).contexts.map(({ context }) => tab(bidi, context)),
    stopWorker: async () => {
      const [window] = (await tree('chrome')).contexts;
      if (window === undefined) throw new Error('Firefox has no window');
      const policy = `WebExtensionPolicy.getByID(${JSON.stringify(FIREFOX_ADDON_ID)})`;
      await tab(bidi, window.context).evaluate(
        `${policy}.extension.terminateBackground({ ignoreDevToolsAttached: true, disableResetIdleForTest: true })`,
      );
    },
    window: async () => {
      const own = (await tree('chrome')).contexts.find(({ url }) => url === 'chrome://browser/content/browser.xhtml');
      if (own === undefined) throw new Error('Firefox has no window');
      return tab(bidi, own.context);
    },
    close: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = new Promise((resolve) => child.once('exit', resolve));
      const timer = setTimeout(() => child.kill('SIGKILL'), CLOSE_MS);
      // Its connection ends before its answer comes.
      await bidi.send('browser.close', {}).catch(() => child.kill('SIGKILL'));
      bidi.close();
      await exited;
      clearTimeout(timer);
    },
  };
}

type Evaluated = {
  readonly type: string;
  readonly result?: { readonly value: string };
  readonly exceptionDetails?: { readonly text: string };
};

function tab(bidi: Bidi, context: string): Tab {
  const evaluate = async <T>(expression: string): Promise<T> => {
    // Values come back as JSON text: BiDi's own serialisation has a shape per type.
    const wrapped = `(async () => JSON.stringify((await (${expression})) ?? null))()`;
    const params = { expression: wrapped, target: { context }, awaitPromise: true, userActivation: true };
    const answer = await bidi.send<Evaluated>('script.evaluate', params);
    if (answer.result === undefined) throw new Error(answer.exceptionDetails?.text ?? 'the page threw');
    return JSON.parse(answer.result.value);
  };
  return {
    evaluate,
    url: () => evaluate<string>('location.href'),
    go: async (url) => {
      await bidi.send('browsingContext.navigate', { context, url, wait: 'complete' });
    },
    screenshot: async () => {
      const { data } = await bidi.send<{ data: string }>('browsingContext.captureScreenshot', { context });
      return Buffer.from(data, 'base64');
    },
    press: async (key) => {
      const value = { Enter: '\uE007', Tab: '\uE004' }[key];
      const strokes = ['keyDown', 'keyUp'].map((type) => ({ type, value }));
      const actions = [{ type: 'key', id: 'keyboard', actions: strokes }];
      await bidi.send('input.performActions', { context, actions });
    },
    resize: async (width, height) => {
      await bidi.send('browsingContext.setViewport', { context, viewport: { width, height } });
    },
    close: async () => {
      await bidi.send('browsingContext.close', { context });
    },
  };
}
