import fs from 'node:fs';
import path from 'node:path';

export type BrowserName = 'chromium' | 'chrome' | 'firefox';
export type Family = 'chromium' | 'firefox';
export type System = 'linux' | 'darwin' | 'win32';

export type Surroundings = {
  readonly homeDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  /** What stands for `/` in system-wide paths: a package's staging directory. */
  readonly rootDir?: string;
};

/**
 * Where one browser is on one system. `~` is the home directory and `$CONFIG`, `$LOCALAPPDATA`, … are directories of the
 * environment; everything else is absolute.
 */
type Place = {
  /** Directory of host manifests, of this user and of the system; on Windows where we keep ours. */
  readonly userDir: string;
  readonly systemDirs: readonly string[];
  /** On Windows the browser finds the manifest by a key below HKCU (user) or HKLM (system). */
  readonly registryKey?: string;
  /** Any of these means that the browser is here. */
  readonly presence: readonly string[];
  /** Programs on PATH that mean the same. */
  readonly programs: readonly string[];
  /** What of a sandboxed installation is possible, by the path that gives it away. */
  readonly sandboxed?: Readonly<Record<string, string>>;
};

export type Browser = {
  readonly title: string;
  readonly family: Family;
  readonly places: { readonly [S in System]: Place };
};

const UNREACHABLE =
  'cannot start programs outside its sandbox, so the Keyturn extension cannot reach the vault there; install the browser from a distribution package';
const BY_PORTAL =
  'starts the host through the desktop portal, which asks once for permission (xdg-desktop-portal with WebExtensions support)';
const WINDOWS_USER_DIR = '$LOCALAPPDATA/Keyturn/NativeMessagingHosts';
const WINDOWS_SYSTEM_DIR = '$ProgramData/Keyturn/NativeMessagingHosts';

/**
 * @see https://developer.chrome.com/docs/extensions/develop/concepts/native-messaging#native-messaging-host-location
 * @see https://developer.mozilla.org/en-US/docs/Mozilla/Add-ons/WebExtensions/Native_manifests#manifest_location
 */
export const BROWSERS: { readonly [B in BrowserName]: Browser } = {
  chromium: {
    title: 'Chromium',
    family: 'chromium',
    places: {
      linux: {
        userDir: '$CONFIG/chromium/NativeMessagingHosts',
        systemDirs: ['/etc/chromium/native-messaging-hosts'],
        presence: ['$CONFIG/chromium', '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/lib/chromium/chromium'],
        programs: ['chromium', 'chromium-browser'],
        sandboxed: {
          '~/snap/chromium': `Chromium from Snap ${UNREACHABLE}`,
          '~/.var/app/org.chromium.Chromium': `Chromium from Flatpak ${UNREACHABLE}`,
        },
      },
      darwin: {
        userDir: '~/Library/Application Support/Chromium/NativeMessagingHosts',
        systemDirs: ['/Library/Application Support/Chromium/NativeMessagingHosts'],
        presence: [
          '~/Library/Application Support/Chromium',
          '/Applications/Chromium.app',
          '~/Applications/Chromium.app',
        ],
        programs: [],
      },
      win32: {
        userDir: `${WINDOWS_USER_DIR}/chromium`,
        systemDirs: [`${WINDOWS_SYSTEM_DIR}/chromium`],
        registryKey: 'Software\\Chromium\\NativeMessagingHosts',
        presence: ['$LOCALAPPDATA/Chromium/User Data', '$LOCALAPPDATA/Chromium/Application/chrome.exe'],
        programs: [],
      },
    },
  },
  chrome: {
    title: 'Google Chrome',
    family: 'chromium',
    places: {
      linux: {
        userDir: '$CONFIG/google-chrome/NativeMessagingHosts',
        systemDirs: ['/etc/opt/chrome/native-messaging-hosts'],
        presence: ['$CONFIG/google-chrome', '/opt/google/chrome/chrome', '/usr/bin/google-chrome'],
        programs: ['google-chrome', 'google-chrome-stable'],
        sandboxed: { '~/.var/app/com.google.Chrome': `Google Chrome from Flatpak ${UNREACHABLE}` },
      },
      darwin: {
        userDir: '~/Library/Application Support/Google/Chrome/NativeMessagingHosts',
        systemDirs: ['/Library/Google/Chrome/NativeMessagingHosts'],
        presence: [
          '~/Library/Application Support/Google/Chrome',
          '/Applications/Google Chrome.app',
          '~/Applications/Google Chrome.app',
        ],
        programs: [],
      },
      win32: {
        userDir: `${WINDOWS_USER_DIR}/chrome`,
        systemDirs: [`${WINDOWS_SYSTEM_DIR}/chrome`],
        registryKey: 'Software\\Google\\Chrome\\NativeMessagingHosts',
        presence: ['$LOCALAPPDATA/Google/Chrome/User Data', '$ProgramFiles/Google/Chrome/Application/chrome.exe'],
        programs: [],
      },
    },
  },
  firefox: {
    title: 'Firefox',
    family: 'firefox',
    places: {
      linux: {
        userDir: '~/.mozilla/native-messaging-hosts',
        // Which of the two is built into Firefox differs between distributions; the second is used where it exists.
        systemDirs: ['/usr/lib/mozilla/native-messaging-hosts', '/usr/lib64/mozilla/native-messaging-hosts'],
        presence: [
          '~/.mozilla/firefox',
          '$CONFIG/mozilla/firefox',
          '/usr/bin/firefox',
          '/usr/bin/firefox-esr',
          '/snap/bin/firefox',
        ],
        programs: ['firefox', 'firefox-esr'],
        sandboxed: {
          '~/snap/firefox': `Firefox from Snap ${BY_PORTAL}`,
          '~/.var/app/org.mozilla.firefox': `Firefox from Flatpak ${UNREACHABLE}`,
        },
      },
      darwin: {
        userDir: '~/Library/Application Support/Mozilla/NativeMessagingHosts',
        systemDirs: ['/Library/Application Support/Mozilla/NativeMessagingHosts'],
        presence: ['~/Library/Application Support/Firefox', '/Applications/Firefox.app', '~/Applications/Firefox.app'],
        programs: [],
      },
      win32: {
        userDir: `${WINDOWS_USER_DIR}/firefox`,
        systemDirs: [`${WINDOWS_SYSTEM_DIR}/firefox`],
        registryKey: 'Software\\Mozilla\\NativeMessagingHosts',
        presence: ['$APPDATA/Mozilla/Firefox', '$ProgramFiles/Mozilla Firefox/firefox.exe'],
        programs: [],
      },
    },
  },
};

export const BROWSER_NAMES: readonly BrowserName[] = ['chromium', 'chrome', 'firefox'];

/** The browser's row for this system; systems that are none of the three follow Linux, as the BSDs do. */
export function placeOf(name: BrowserName, platform: NodeJS.Platform): Place {
  return BROWSERS[name].places[platform === 'darwin' || platform === 'win32' ? platform : 'linux'];
}

/** Directories for the browser's host manifest, of this user or of the whole system. */
export function manifestDirs(name: BrowserName, isSystem: boolean, around: Surroundings): readonly string[] {
  const { userDir, systemDirs } = placeOf(name, around.platform);
  if (!isSystem) return [located(userDir, around)];
  const [first, ...others] = systemDirs.map((dir) => located(dir, around));
  return first === undefined ? [] : [first, ...others.filter((dir) => fs.existsSync(path.dirname(dir)))];
}

/** Whether the browser has been used by this user, or is installed in one of the usual places. */
export function isPresent(name: BrowserName, around: Surroundings): boolean {
  return lookedFor(name, around).some((file) => fs.existsSync(file) && !isOnlyOurs(file));
}

/** A browser's directory that holds host manifests and nothing else was made by an installer such as this one. */
function isOnlyOurs(file: string): boolean {
  if (!fs.statSync(file).isDirectory()) return false;
  const entries = fs.readdirSync(file);
  return entries.length === 1 && /^native-?messaging-?hosts$/i.test(entries[0] ?? '');
}

/** The paths that would show the browser's presence, for the message when there are none. */
export function lookedFor(name: BrowserName, around: Surroundings): readonly string[] {
  const { presence, programs } = placeOf(name, around.platform);
  const searchPath = (around.env.PATH ?? '').split(path.delimiter).filter((dir) => path.isAbsolute(dir));
  const onPath = searchPath.flatMap((dir) => programs.map((program) => path.join(dir, program)));
  return [...new Set([...presence.map((file) => located(file, around)), ...onPath])];
}

/** What a person has to know of browsers from Snap or Flatpak that are here. */
export function sandboxNotes(around: Surroundings): readonly string[] {
  return BROWSER_NAMES.flatMap((name) => {
    const known = Object.entries(placeOf(name, around.platform).sandboxed ?? {});
    return known.filter(([file]) => fs.existsSync(located(file, around))).map(([, note]) => note);
  });
}

function located(file: string, { homeDir, env, rootDir = '/' }: Surroundings): string {
  if (file.startsWith('~')) return path.join(homeDir, file.slice(1));
  const [, name, rest = ''] = /^\$(\w+)(.*)$/.exec(file) ?? [];
  if (name !== undefined) return path.join(directory(name, env, homeDir), rest);
  return rootDir === '/' ? path.normalize(file) : path.join(rootDir, file);
}

/** The directories of the environment, with the system's own defaults. */
function directory(name: string, env: Surroundings['env'], homeDir: string): string {
  const config = env.XDG_CONFIG_HOME;
  if (name === 'CONFIG')
    return config !== undefined && path.isAbsolute(config) ? config : path.join(homeDir, '.config');
  const defaults: Readonly<Record<string, string>> = {
    LOCALAPPDATA: path.join(homeDir, 'AppData/Local'),
    APPDATA: path.join(homeDir, 'AppData/Roaming'),
    ProgramData: 'C:/ProgramData',
    ProgramFiles: 'C:/Program Files',
  };
  return env[name] ?? defaults[name] ?? homeDir;
}
