import type { Cli } from './cli.ts';
import { printable } from './output.ts';

export type SsoName = Awaited<ReturnType<Cli['vault']['sso']['names']>>[number];
export type SsoTarget = SsoName['target'];
export type SsoTargetName = Parameters<Cli['vault']['sso']['login']>[0];

/** What a person calls an IAM Identity Center. */
export function ssoLabel({ session, startUrl }: Pick<SsoName, 'session' | 'startUrl'>): string {
  return printable(session === undefined ? startUrl : `${session} (${startUrl})`);
}
