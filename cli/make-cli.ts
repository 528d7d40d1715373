import { asking } from '../native-host/ask.ts';
import type { Env } from '../native-host/engine/context.ts';
import { VaultError } from '../native-host/errors.ts';
import { promptTimeoutMs } from '../native-host/prompt-timeout.ts';
import { readSettings } from '../native-host/settings.ts';
import { Vault } from '../native-host/vault.ts';
import { VERSION } from '../native-host/version.ts';
import { type Command, type CommandOf, GRAMMAR } from './args.ts';
import type { FlagOrigin } from './args-grammar.ts';
import { commandAsker, type PromptName } from './asker.ts';
import { isInstalled } from './child.ts';
import type { Cli } from './cli.ts';
import type { Inherited } from './inherited.ts';
import { stdoutIsTerminal } from './is-terminal.ts';
import { print } from './print.ts';

export type Surroundings = {
  readonly programName: string;
  readonly programFile: string;
  readonly env: Env;
  readonly hostLauncher: () => string;
  readonly inherited: Inherited;
};

/** What commands work with, made for the flags that every command has. */
export function makeCli(
  { flags, origins }: Pick<CommandOf<Command>, 'flags' | 'origins'>,
  surroundings: Surroundings,
): Cli {
  const { programName, programFile, env, hostLauncher, inherited } = surroundings;
  requirePrompt(flags.prompt, origins.prompt, env);
  const asked = { ...flags, timeoutMs: promptTimeoutMs(flags.promptTimeout) };
  const interrupted = new AbortController();
  // The second Ctrl-C must always work, whatever the first one is waiting for.
  const interrupt = (signal: NodeJS.Signals): void =>
    interrupted.abort(new VaultError('CANCELLED', `cancelled by ${signal}`));
  const interrupts = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of interrupts) process.once(signal, interrupt);
  const say = (line: string): void => void print(2, `${line}\n`);
  const log = flags.debug ? (line: string): void => say(`${timestamp(new Date())} ${line}`) : () => undefined;
  // What homedir() looks at first; loading node:os for it takes longer than all that is done here.
  const homeDir = (process.platform !== 'win32' && env.HOME) || process.getBuiltinModule('node:os').homedir();
  const settings = readSettings(env, homeDir, flags);
  const { signal } = interrupted;
  const vault = new Vault({
    settings,
    env,
    now: () => new Date(),
    log,
    notice: (line) => say(`${programName}: ${line}`),
    signal,
  });
  log(`keyturn ${VERSION}`);
  const cli = {
    vault,
    settings,
    env,
    homeDir,
    platform: process.platform,
    programName,
    programFile,
    hostLauncher,
    inherited,
    isDebug: flags.debug,
    signal,
    print: (text: string) => void print(1, text),
    say,
    log,
    stdoutIsTty: stdoutIsTerminal,
    leaveSignals: () => {
      for (const signal of interrupts) process.removeListener(signal, interrupt);
    },
  };
  return {
    ...cli,
    ask: async (attempt, how = {}) => {
      const asker = commandAsker(asked, how, cli);
      let isWaiting = false;
      const onWait = (): void => {
        // A chain can wait for each of its sessions; to the person that is one wait.
        if (!isWaiting) say('Waiting for another process that is getting the same session ...');
        isWaiting = true;
      };
      const until = how.signal === undefined ? signal : AbortSignal.any([signal, how.signal]);
      const typed = typedPassphrase(vault.unlock);
      const options = { asker, locks: vault.locks, signal: until, unlock: typed.unlock, onWait };
      const result = await asking((answers) => attempt({ answers, signal: until, onWait }), options);
      if (typed.passphrase() !== undefined && how.keepsPassphrase !== true) {
        const { shareTyped } = await import('./commands/unlock.ts');
        await shareTyped(typed.passphrase() ?? '', { ...cli, signal: until });
      }
      return result;
    },
  };
}

/** Remembers what a person types, which is right once the attempt has gone through. */
function typedPassphrase(unlock: Vault['unlock']) {
  let passphrase: string | undefined;
  const note = (typed: string): void | Promise<void> => {
    passphrase = typed;
    return unlock?.(typed);
  };
  return { passphrase: () => passphrase, unlock: unlock && note };
}

/** A prompt that is a program must be there, as aws-vault checks it: at once, and not when a code is needed. */
function requirePrompt(prompt: PromptName | undefined, origin: FlagOrigin | undefined, env: Env): void {
  const isThere = (name: PromptName): boolean => {
    if (name === 'terminal' || name === 'browser') return true;
    if (name === 'wincredui') return process.platform === 'win32';
    return isInstalled(name, env);
  };
  if (prompt === undefined || isThere(prompt)) return;
  const available = GRAMMAR.globals.prompt.choices.filter(isThere);
  const where =
    origin?.type === 'environment'
      ? ` (in $${origin.name})`
      : origin?.type === 'file'
        ? ` (${origin.file}, line ${origin.line})`
        : '';
  const message = `--prompt value must be one of ${available.join(',')}, got '${prompt}'${where}, try --help`;
  throw new VaultError('USAGE', message, { details: { flag: 'prompt' } });
}

function timestamp(now: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const date = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())].join('/');
  return `${date} ${[two(now.getHours()), two(now.getMinutes()), two(now.getSeconds())].join(':')}`;
}
