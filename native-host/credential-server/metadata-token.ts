import { createHmac, randomBytes } from 'node:crypto';
import { isSameSecret } from './http-server.ts';

/** How long a token of the metadata service may be asked for. */
export const MAX_TOKEN_SECONDS = 21_600;

export type MetadataTokens = {
  /** @param ttlSeconds 1-21600 */
  readonly issue: (ttlSeconds: number) => string;
  readonly isGood: (token: string) => boolean;
};

/**
 * Tokens of the metadata service's version 2. They carry their end and a seal of this server's own key, so that any number of
 * programs can ask for any number of them.
 */
export function metadataTokens(now: () => Date): MetadataTokens {
  const key = randomBytes(32);
  const seal = (content: string): string => createHmac('sha256', key).update(content).digest('base64url');
  return {
    issue: (ttlSeconds) => {
      const content = `${(now().getTime() + ttlSeconds * 1000).toString(36)}.${randomBytes(12).toString('base64url')}`;
      return `${content}.${seal(content)}`;
    },
    isGood: (token) => {
      const [end = '', nonce = '', given = ''] = token.split('.');
      // The seal first: what it does not cover means nothing.
      return isSameSecret(given, seal(`${end}.${nonce}`)) && Number.parseInt(end, 36) > now().getTime();
    },
  };
}
