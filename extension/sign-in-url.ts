import { VaultError } from '../native-host/errors.ts';

/**
 * Checks that what the host sent is a console sign-in URL before a tab opens it: http or https (a sandbox on loopback has
 * no certificate) and the federation endpoint's `Action=login`.
 * @throws VaultError BAD_MESSAGE, which does not quote the URL
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_enable-console-custom-url.html
 */
export function signInUrl(text: string): URL {
  const url = URL.parse(text);
  const isWeb = url?.protocol === 'https:' || url?.protocol === 'http:';
  if (!url || !isWeb || url.searchParams.get('Action') !== 'login') {
    throw new VaultError(
      'BAD_MESSAGE',
      'the Keyturn host sent something that is not a sign-in URL; update it and try again',
    );
  }
  return url;
}
