import os from 'node:os';
import { browserActions, helloParams } from './actions.ts';
import { browserVault } from './browser-vault.ts';
import { type Caller, checkCaller } from './caller.ts';
import { ConsoleOpens } from './console-opens.ts';
import { asVaultError } from './errors.ts';
import { Logins } from './logins.ts';
import { PromptBroker } from './prompts.ts';
import { CHROMIUM_EXTENSION_ID, FIREFOX_ADDON_ID } from './protocol.ts';
import { action, serve } from './server.ts';
import { sessionDesk } from './session-desk.ts';
import { readSettings, type Settings } from './settings.ts';
import { readSettingsFile, settingsFilePath, sharedSettings } from './settings-file.ts';
import { terminalConsole } from './terminal-console.ts';
import { UnlockedVaults } from './unlocked-vaults.ts';
import { listenForTerminals } from './user-socket-server.ts';
import { Vault } from './vault.ts';
import { VERSION } from './version.ts';

/** The native messaging host: a browser's questions on stdin, answers on stdout, until stdin closes. */
async function main(args: readonly string[]): Promise<void> {
  const allowed = { chromiumExtensionIds: [CHROMIUM_EXTENSION_ID], firefoxAddonIds: [FIREFOX_ADDON_ID] };
  let caller: Caller;
  try {
    caller = checkCaller(args, allowed);
  } catch (error) {
    await refuse(error);
    throw error;
  }
  const over = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(name, () => over.abort());
  const { env, pid } = process;
  const { signal } = over;
  const settings = await hostSettings(env).catch(async (error: unknown) => {
    await refuse(error);
    throw error;
  });
  const unlocked = new UnlockedVaults(settings);
  const vault = new Vault({
    settings,
    env,
    now: () => new Date(),
    log: () => undefined,
    notice: say,
    signal,
    unlocked,
  });
  const prompts = new PromptBroker();
  const opens = new ConsoleOpens();
  const logins = new Logins();
  const console = terminalConsole({ vault, opens, family: caller.family });
  let isListening = false;
  const onSubscribed = (): void => {
    if (isListening) return;
    const { stateDir } = settings;
    try {
      listenForTerminals({
        prompts,
        console,
        logins,
        family: caller.family,
        vaults: unlocked,
        sessions: sessionDesk({ vaults: unlocked, hostVersion: VERSION, signal }),
        hostVersion: VERSION,
        stateDir,
        env,
        pid,
        signal,
        log: say,
      });
      isListening = true;
    } catch (error) {
      // The browser works without it; a terminal that asks is told by its own side.
      say(asVaultError(error).message);
    }
  };
  const shared = { prompts, opens, logins, hostVersion: VERSION, onSubscribed };
  const actions = browserActions({ vault: browserVault(vault, { prompts, opens, logins, unlocked }), ...shared });
  await serve({ input: process.stdin, output: process.stdout, actions, signal });
  over.abort();
  unlocked.lock();
  await vault.close();
}

/** The same settings file as the terminal's, so that both look for keys in the same place. */
async function hostSettings(env: NodeJS.ProcessEnv): Promise<Settings> {
  const homeDir = os.homedir();
  return readSettings(env, homeDir, { settingsFile: sharedSettings(readSettingsFile(settingsFilePath(env, homeDir))) });
}

/** Tells an extension why this host cannot be used, once, and nothing else: its screen can then say what to do. */
async function refuse(error: unknown): Promise<void> {
  const over = new AbortController();
  const hello = action(helloParams, () => {
    setImmediate(() => over.abort());
    throw error;
  });
  await serve({ input: process.stdin, output: process.stdout, actions: { hello }, signal: over.signal });
}

/** stdout is the protocol; what a person should know goes where browsers keep it, their own log. */
function say(line: string): void {
  process.stderr.write(`keyturn-host: ${line}\n`);
}

void main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: unknown) => {
    const { code, message } = asVaultError(error);
    say(`${message} [${code}]`);
    process.exit(1);
  },
);
