import { AwsError } from './aws-error.ts';
import { type Answer, htmlAnswer, type Operation, type Request, redirectTo } from './request.ts';
import { newSsoSecret, type SsoClient } from './sso-state.ts';
import { noteVisit } from './sso-visits.ts';
import type { State } from './state.ts';
import { escapeText } from './xml.ts';

const CODE_LIFETIME_MS = 10 * 60_000;

function page(title: string, text: string): string {
  return `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>${title}</title></head>
<body><h1>${title}</h1><p>${escapeText(text)}</p></body></html>\n`;
}

function badRequest(message: string): AwsError {
  return new AwsError(400, 'BadRequest', message);
}

/** A redirect URI is on loopback, and its port is that of the moment. @see https://www.rfc-editor.org/rfc/rfc8252#section-7.3 */
function isRegistered(client: SsoClient, redirectUri: string): boolean {
  const withoutPort = (uri: string): string => uri.replace(/^(http:\/\/127\.0\.0\.1):\d+/, '$1');
  return client.redirectUris.some((uri) => withoutPort(uri) === withoutPort(redirectUri));
}

/** The person opens the page of an authorization code, and allows or denies it. */
function authorize(state: State, request: Request): Answer {
  const { query } = request;
  const required = (name: string): string => {
    const value = query.get(name);
    if (value === null || value === '') throw badRequest(`${name} is missing`);
    return value;
  };
  if (required('response_type') !== 'code') throw badRequest('response_type must be code');
  if (required('code_challenge_method') !== 'S256') throw badRequest('code_challenge_method must be S256');
  const codeChallenge = required('code_challenge');
  if (!/^[\w-]{43}$/.test(codeChallenge)) throw badRequest('code_challenge is not a SHA-256 in base64url');
  const client = state.sso.clients.get(required('client_id'));
  const redirectUri = required('redirect_uri');
  if (client === undefined || !client.grantTypes.includes('authorization_code') || !isRegistered(client, redirectUri)) {
    throw badRequest('client_id or redirect_uri is not registered');
  }
  const scopes = required('scopes').split(/[ ,]/);
  if (scopes.some((scope) => !client.scopes.includes(scope))) throw badRequest('a scope is not registered');
  const instance = state.sso.instances.find(({ startUrl }) => startUrl === client.issuerUrl);
  if (instance === undefined) throw badRequest('the issuer is gone');
  const cookie = noteVisit(state, request, instance);
  if (instance.consent === 'ask' && query.get('click') !== 'allow') return question(request, cookie);
  const target = new URL(redirectUri);
  target.searchParams.set('state', required('state'));
  if (instance.consent === 'deny') {
    target.searchParams.set('error', 'access_denied');
    target.searchParams.set('error_description', 'The person denied the authorization');
    return redirectTo(target.href, cookie);
  }
  const code = newSsoSecret(48);
  const expiresAt = new Date(state.now().getTime() + CODE_LIFETIME_MS);
  state.sso.codes.set(code, { code, client, instance, redirectUri, codeChallenge, scopes, expiresAt });
  target.searchParams.set('code', code);
  return redirectTo(target.href, cookie);
}

/** The page that waits for the person's click. */
function question({ path, rawQuery }: Request, cookie: Answer['headers']): Answer {
  const link = `<a id="cli_login_button" href="${path}?${escapeText(rawQuery)}&amp;click=allow">Allow access</a>`;
  const text = page('Allow keyturn to access your data?', '').replace('<p></p>', `<p>${link}</p>`);
  return htmlAnswer(200, text, cookie);
}

/** The person opens the page of a device code, which has the code in it. */
function device(state: State, { query }: Request): Answer {
  const found = state.sso.devices.find(({ userCode }) => userCode === query.get('user_code'));
  if (found === undefined || found.expiresAt <= state.now()) throw badRequest('This code is not known.');
  found.status = found.instance.consent === 'allow' ? 'allowed' : 'denied';
  return htmlAnswer(200, page('Request approved', 'You can close this window.'));
}

/** The pages of IAM Identity Center that a person sees. A visit is the person's click. */
export function ssoPageOperation(state: State, request: Request): Operation | undefined {
  const { place, method, path } = request;
  const isHere = place.kind === 'loopback' || (place.kind === 'sso' && place.service === 'oidc');
  if (method !== 'GET' || !isHere || (path !== '/authorize' && path !== '/device')) return undefined;
  return {
    service: 'sso-oidc',
    name: path === '/authorize' ? 'authorize' : 'device',
    parameters: {},
    accessKeyId: undefined,
    run: () => (path === '/authorize' ? authorize(state, request) : device(state, request)),
    refuse: ({ status, message }) => htmlAnswer(status, page('Request refused', message)),
  };
}
