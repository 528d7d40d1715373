import { createPublicKey, verify } from 'node:crypto';
import { expect, it } from 'vitest';
import { dpopProof, newDpopKey } from '../../../native-host/aws/dpop.ts';
import { rolePairsIn } from '../../../native-host/aws/saml-assertion.ts';
import { authorizationUrl } from '../../../native-host/aws/signin-oauth.ts';

const REQUEST = { redirectUri: 'http://127.0.0.1:4567/oauth/callback', state: 'here', codeChallenge: 'challenge' };
const page = (region: string, more: object = {}) => {
  const options = { region, env: {}, signal: new AbortController().signal, ...more };
  return new URL(authorizationUrl(options, REQUEST));
};

it.each([
  ['eu-west-1', 'https://eu-west-1.signin.aws.amazon.com'],
  ['us-gov-west-1', 'https://us-gov-west-1.signin.amazonaws-us-gov.com'],
  ['cn-north-1', 'https://cn-north-1.signin.amazonaws.cn'],
])('opens the page of AWS Sign-In in %s', (region, origin) => {
  const { origin: own, pathname, searchParams } = page(region);
  expect(own).toBe(origin);
  expect(pathname).toBe('/v1/authorize');
  expect(Object.fromEntries(searchParams)).toEqual({
    ...{ response_type: 'code', client_id: 'arn:aws:signin:::devtools/same-device', state: 'here', scope: 'openid' },
    ...{ redirect_uri: REQUEST.redirectUri, code_challenge: 'challenge', code_challenge_method: 'SHA-256' },
  });
});

it('goes where its endpoint is configured, as the SDKs do', () => {
  const of = (env: object, more: object = {}) => page('eu-west-1', { env, ...more }).origin;
  expect(of({ AWS_ENDPOINT_URL: 'http://127.0.0.1:1', AWS_ENDPOINT_URL_SIGNIN: 'http://127.0.0.1:2' })).toBe(
    'http://127.0.0.1:2',
  );
  expect(of({ AWS_ENDPOINT_URL: 'http://127.0.0.1:1' })).toBe('http://127.0.0.1:1');
  expect(of({}, { serviceEndpoints: { signin: 'http://127.0.0.1:3' } })).toBe('http://127.0.0.1:3');
});

it('proves a key for one request', () => {
  const url = 'https://eu-west-1.signin.aws.amazon.com/v1/token';
  const key = newDpopKey();
  expect(key).toMatch(/^-----BEGIN EC PRIVATE KEY-----\n/);
  const at = new Date('2026-11-21T00:00:00Z');
  const [first, second] = [1, 2].map(() => dpopProof(key, { method: 'POST', url, at }).split('.'));
  const [header = '', payload = '', signature = ''] = first ?? [];
  const read = (part = ''): unknown => JSON.parse(Buffer.from(part, 'base64url').toString()) as unknown;
  const { d: _private, ...jwk } = createPublicKey(key).export({ format: 'jwk' });
  expect(read(header)).toEqual({ typ: 'dpop+jwt', alg: 'ES256', jwk });
  expect(read(payload)).toEqual({ htm: 'POST', htu: url, iat: at.getTime() / 1000, jti: expect.any(String) });
  expect(read(payload)).not.toEqual(read(second?.[1]));
  const signed = { key: createPublicKey(key), dsaEncoding: 'ieee-p1363' } as const; // a literal of Node's union
  expect(verify('sha256', Buffer.from(`${header}.${payload}`), signed, Buffer.from(signature, 'base64url'))).toBe(true);
});

it('reads the roles of an assertion in both orders, with white space and with commas in names, and no others', () => {
  const provider = 'arn:aws:iam::111122223333:saml-provider/corp.x';
  const role = (name: string) => `arn:aws:iam::111122223333:role/${name}`;
  const value = (text: string) => `<AttributeValue xsi:type="xs:string">${text}</AttributeValue>`;
  const xml = [
    value(`${role('a')},${provider}`),
    `<saml2:AttributeValue>\n  ${provider}, ${role('path/b,c')}\n</saml2:AttributeValue>`,
    value(role('alone')),
    value(`${role('a')},arn:aws:iam::111122223333:user/x`),
    `<Other>${role('other')},${provider}</Other>`,
  ].join('');
  expect(rolePairsIn(xml)).toEqual([
    { roleArn: role('a'), principalArn: provider },
    { roleArn: role('path/b,c'), principalArn: provider },
  ]);
  expect(rolePairsIn('<EncryptedAssertion/>')).toEqual([]);
});
