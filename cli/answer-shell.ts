import { VaultError } from '../native-host/errors.ts';
import { readSettings, type Settings } from '../native-host/settings.ts';
import { readSettingsFile, settingsFilePath, sharedSettings } from '../native-host/settings-file.ts';
import { Vault } from '../native-host/vault.ts';
import { GRAMMAR } from './args.ts';
import { type Completion, complete } from './complete.ts';
import { completionScript } from './completion-script.ts';
import { print } from './print.ts';
import { recentProfiles } from './recent-profiles.ts';
import { callableName } from './shell-name.ts';

type Surroundings = {
  readonly programName: string;
  readonly programFile: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDir: string;
};

/**
 * What shells ask while a command line is typed, and the flags that kingpin's programs, such as aws-vault, have for it:
 * - `__complete SHELL =CURRENT WORD...`: the word at the cursor, behind an = because some shells drop empty arguments, and the
 *   words before it. Answers a line `candidates`, `directories` or `command N`, then a line `VALUE<tab>DESCRIPTION` each.
 * - `--completion-bash WORD... CURRENT`: candidates, one per line.
 * - `--completion-script-bash`, `--completion-script-zsh`: the script.
 */
export async function answerShell(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  const [request = '', ...words] = argv;
  const { programName } = surroundings;
  if (request === '__complete') return print(1, protocolLines(words[0] ?? '', await answer(words, surroundings)));
  if (request === '--completion-bash') return print(1, kingpinLines(await kingpinAnswer(words, surroundings)));
  const shell = /^--completion-script-(bash|zsh)$/.exec(request)?.[1];
  if (shell !== 'bash' && shell !== 'zsh') throw new VaultError('USAGE', `unknown long flag '${request}', try --help`);
  // Whoever writes this has dotfiles for aws-vault, and the alias is what they will type.
  const names = [...new Set([programName, 'aws-vault'])];
  return print(1, completionScript(shell, { names, call: callableName(surroundings) }));
}

type Answer = { readonly completion: Completion; readonly current: string };

async function answer([, typed = '=', ...before]: readonly string[], surroundings: Surroundings): Promise<Answer> {
  const current = typed.slice(1);
  return { completion: await completionOf(before, current, surroundings), current };
}

/** kingpin takes a last word that is a whole command for done, so that what comes after it can be listed. */
async function kingpinAnswer(words: readonly string[], surroundings: Surroundings): Promise<Answer> {
  const current = words.at(-1) ?? '';
  const isCommand = words.length === 1 && Object.hasOwn(GRAMMAR.commands, current);
  const before = isCommand ? words : words.slice(0, -1);
  return {
    completion: await completionOf(before, isCommand ? '' : current, surroundings),
    current: isCommand ? '' : current,
  };
}

function completionOf(before: readonly string[], current: string, surroundings: Surroundings): Promise<Completion> {
  return complete(before, current, {
    grammar: GRAMMAR,
    profiles: (options) => profilesOf(options, surroundings),
    ssoNames: () => ssoNamesOf(surroundings),
    services: async () => (await import('../native-host/console-service.ts')).consoleServiceNames(),
  });
}

/** Those used last first, then in the order of the config file. */
function profilesOf(options: { readonly stored: boolean }, surroundings: Surroundings): Promise<string[]> {
  return withVault(surroundings, async (vault, settings) => {
    const names = (await vault.profileNames(options)).filter(isPlain);
    const known = new Set(names);
    return [...new Set([...recentProfiles(settings).filter((name) => known.has(name)), ...names])];
  });
}

function ssoNamesOf(surroundings: Surroundings): Promise<string[]> {
  return withVault(surroundings, async (vault) => {
    const names = await vault.sso.names();
    const sessions = names.flatMap(({ session }) => session ?? []);
    return [...new Set([...sessions, ...names.flatMap(({ profiles }) => profiles)])].filter(isPlain);
  });
}

function isPlain(name: string): boolean {
  return !/\p{Cc}/u.test(name);
}

async function withVault<T>(
  { env, homeDir }: Surroundings,
  work: (vault: Vault, settings: Settings) => Promise<T>,
): Promise<T> {
  const settingsFile = sharedSettings(readSettingsFile(settingsFilePath(env, homeDir)));
  const settings = readSettings(env, homeDir, { settingsFile });
  const quiet = { log: () => undefined, notice: () => undefined, signal: new AbortController().signal };
  const vault = new Vault({ settings, env, now: () => new Date(), ...quiet });
  try {
    return await work(vault, settings);
  } finally {
    await vault.close();
  }
}

function protocolLines(shell: string, { completion, current }: Answer): string {
  if (completion.kind === 'directories') return 'directories\n';
  if (completion.kind === 'command') return `command ${completion.word}\n`;
  // zsh and fish match in ways of their own, which people choose.
  const isMatch = ({ value }: { value: string }): boolean =>
    ['zsh', 'fish'].includes(shell) || value.startsWith(current);
  const lines = completion.candidates.filter(isMatch).map(({ value, description }) => `${value}\t${description}\n`);
  return `candidates\n${lines.join('')}`;
}

function kingpinLines({ completion, current }: Answer): string {
  if (completion.kind !== 'candidates') return '';
  return completion.candidates.flatMap(({ value }) => (value.startsWith(current) ? [`${value}\n`] : [])).join('');
}
