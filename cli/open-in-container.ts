import type { ConsoleRequest, ConsoleSignIn } from '../native-host/operations/console.ts';
import type { Cli } from './cli.ts';

export type BrowserChoice = 'firefox' | 'chromium' | 'default';

type Where = { readonly browser: Exclude<BrowserChoice, 'default'> | undefined };

/** Stands for the running browsers until they can be asked. */
export async function openInContainer(
  _request: ConsoleRequest,
  _where: Where & { readonly mfaToken: string | undefined },
  _cli: Cli,
): Promise<Omit<ConsoleSignIn, 'url'> | undefined> {
  return undefined;
}

export async function signOutInContainer(_profile: string, _where: Where, _cli: Cli): Promise<boolean> {
  return false;
}
