import { VaultError } from '../errors.ts';
import type { Source } from './credentials.ts';

export const ssoRole: Source<'sso-role'> = async ({ profile }) => {
  const message = `profile ${profile.name}: credentials missing; its sso_start_url setting is a source of credentials that this version does not read`;
  throw new VaultError('CREDENTIALS_NOT_FOUND', message, { details: { profile: profile.name } });
};
