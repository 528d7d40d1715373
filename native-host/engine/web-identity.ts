import { VaultError } from '../errors.ts';
import type { Source } from './credentials.ts';

export const webIdentity: Source<'web-identity'> = async ({ profile }) => {
  const message = `profile ${profile.name}: credentials missing; its web_identity_token_file setting is a source of credentials that this version does not read`;
  throw new VaultError('CREDENTIALS_NOT_FOUND', message, { details: { profile: profile.name } });
};
