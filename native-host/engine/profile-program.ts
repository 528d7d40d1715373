import { type CommandOptions, readCommand, shellCommand } from '../command.ts';
import { OWN_SECRETS } from '../own-secrets.ts';
import type { Context, Env } from './context.ts';
import { resolvingEnvironment } from './resolving.ts';

/** It may open a browser for a person to sign in with; who has gone away must not be waited for. */
const TIMEOUT_MS = 300_000;

export type ProfileProgram = {
  /** The key of the config file that names it. */
  readonly setting: string;
  readonly command: string;
  readonly profile: string;
  readonly output: NonNullable<CommandOptions['output']>;
};

/**
 * What a program that a profile's config names for its credentials prints, trimmed; the shell runs it, as the SDKs and
 * aws-vault have it. It gets none of our secrets, and is stopped after five minutes.
 * @throws VaultError PROCESS_FAILED, TIMEOUT, CANCELLED; never with the command's words or output in it, which may hold secrets
 */
export function outputOf({ setting, command, profile, output }: ProfileProgram, context: Context): Promise<string> {
  const env = resolvingEnvironment(profile, context.env);
  const { words, isVerbatim } = shellCommand(command, env);
  return readCommand(words, {
    ...{ env, isVerbatim, output },
    signal: context.signal,
    timeoutMs: TIMEOUT_MS,
    title: `the ${setting} of profile ${JSON.stringify(profile)}`,
    advice: `run the command by itself${keptFrom(env)} to see why`,
    mayAsk: true,
  });
}

/** Run by itself, a command that needs our secrets would work. */
function keptFrom(env: Env): string {
  const kept = OWN_SECRETS.filter((name) => env[name] !== undefined);
  if (kept.length === 0) return '';
  return `, without ${kept.join(' and ')}, which ${kept.length === 1 ? 'is' : 'are'} kept from it,`;
}
