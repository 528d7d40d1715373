import type { VaultError } from '../native-host/errors.ts';
import { usageError } from './args-tokens.ts';
import type { Choosable } from './ask/pick-profile.ts';
import type { Cli } from './cli.ts';
import { noteProfileUse } from './recent-profiles.ts';

/**
 * The profile a command is for: the one that was named, else one chosen from a list by whoever sits at the terminal.
 * @throws VaultError USAGE without a terminal, in aws-vault's words; CANCELLED
 */
export async function chosenProfile(named: string | undefined, cli: Cli, which?: Choosable): Promise<string> {
  const profile = named ?? (await pickedProfile(cli, which));
  if (profile === undefined) throw notProvided();
  return profile;
}

type Words = {
  readonly profile: string | undefined;
  readonly cmd: string | undefined;
  readonly args: readonly string[];
};

/**
 * What `exec -- WORD ...` means. aws-vault takes WORD for the profile, and so do we where a profile of that name is known and
 * neither the command line nor AWS_PROFILE names one. Else WORD is the program, unless it begins with a dash, as no program does:
 * there is no other place where such a profile could be named.
 * @throws VaultError as listing profiles does
 */
export async function profileAfterDashes(words: Words, cli: Cli): Promise<Words> {
  const { profile, cmd, args } = words;
  if (cmd === undefined) return words;
  const isFree = profile === undefined || (cmd.startsWith('-') && profile === cli.env.AWS_PROFILE);
  if (!isFree) return words;
  const { profiles } = await cli.ask(() => cli.vault.list());
  if (!profiles.some(({ name }) => name === cmd)) return words;
  return { profile: cmd, cmd: args[0], args: args.slice(1) };
}

/** Finds a profile missing that nobody could be asked for, before anything else is found wrong. @throws VaultError USAGE */
export async function checkProfileCanBeChosen(named: string | undefined): Promise<void> {
  if (named !== undefined) return;
  const { hasTerminal } = await import('./ask/terminal.ts');
  if (!hasTerminal()) throw notProvided();
}

/** aws-vault's words for a profile that nobody named. */
export function notProvided(): VaultError {
  return usageError("required argument 'profile' not provided");
}

/**
 * A profile chosen from a list; undefined where there is no terminal to choose on.
 * @throws VaultError CANCELLED, and what listing profiles throws
 */
export async function pickedProfile(cli: Cli, which?: Choosable): Promise<string | undefined> {
  const { hasTerminal } = await import('./ask/terminal.ts');
  if (!hasTerminal()) return undefined;
  const { pickProfile } = await import('./ask/pick-profile.ts');
  return pickProfile(cli, which);
}

/** Remembers the use of a profile for lists to choose from, after it has given credentials. Nothing else depends on it. */
export function remember(profile: string, cli: Cli): void {
  try {
    noteProfileUse(profile, { stateDir: cli.settings.stateDir, now: new Date() });
  } catch (error) {
    if (cli.isDebug) cli.say(`the use of the profile is not remembered: ${String(error)}`);
  }
}
