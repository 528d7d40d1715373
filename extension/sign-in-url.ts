import { VaultError } from '../native-host/errors.ts';

/**
 * Checks that what the host sent is a console sign-in URL before a tab opens it: http or https (a sandbox on loopback has
 * no certificate) and the federation endpoint's `Action=login`, or the same host's sign-out page that leads on to it.
 * @throws VaultError BAD_MESSAGE, which does not quote the URL
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_enable-console-custom-url.html
 */
export function signInUrl(text: string): URL {
  const url = webUrl(text, 'login');
  if (url) return url;
  const first = webUrl(text, 'logout');
  const next = webUrl(first?.searchParams.get('redirect_uri') ?? '', 'login');
  if (first && next?.origin === first.origin) return first;
  throw notAUrl('a sign-in URL');
}

/**
 * Checks that what the host sent is the page that ends a console session, and leads nowhere else.
 * @throws VaultError BAD_MESSAGE, which does not quote the URL
 */
export function signOutUrl(text: string): URL {
  const url = webUrl(text, 'logout');
  if (url && !url.searchParams.has('redirect_uri')) return url;
  throw notAUrl('a sign-out URL');
}

function webUrl(text: string, action: 'login' | 'logout'): URL | undefined {
  const url = URL.parse(text);
  const isWeb = url?.protocol === 'https:' || url?.protocol === 'http:';
  return url && isWeb && url.searchParams.get('Action') === action ? url : undefined;
}

function notAUrl(what: string): VaultError {
  const message = `the Keyturn host sent something that is not ${what}; update it and try again`;
  return new VaultError('BAD_MESSAGE', message);
}
