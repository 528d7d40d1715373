import { describe, expect, test } from 'vitest';
import { signInUrl, signOutUrl } from '../../../extension/sign-in-url.ts';
import { VaultError } from '../../../native-host/errors.ts';

describe('signInUrl', () => {
  test.each([
    'https://us-east-1.signin.aws.amazon.com/federation?Action=login&Issuer=keyturn&SigninToken=t',
    'http://127.0.0.1:4000/federation?Action=login&SigninToken=t',
    'https://a.signin.aws.amazon.com/oauth?Action=logout&redirect_uri=https%3A%2F%2Fa.signin.aws.amazon.com%2Ffederation%3FAction%3Dlogin',
  ])('takes %s', (url) => {
    expect(signInUrl(url).href).toBe(url);
  });

  test.each([
    'javascript:alert(1)//?Action=login',
    'data:text/html,x?Action=login&SigninToken=canary',
    'file:///etc/passwd?Action=login',
    'https://signin.aws.amazon.com/federation?Action=getSigninToken&Session=canary',
    'https://signin.aws.amazon.com/#?Action=login',
    'https://signin.aws.amazon.com/oauth?Action=logout',
    'https://signin.aws.amazon.com/oauth?Action=logout&redirect_uri=https%3A%2F%2Fevil.example%2F%3FAction%3Dlogin',
    'https://signin.aws.amazon.com/oauth?Action=logout&redirect_uri=javascript%3Aalert(1)%2F%2F%3FAction%3Dlogin',
    'canary',
    '',
  ])('refuses %s without quoting it', (url) => {
    const error = (() => {
      try {
        return signInUrl(url);
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toBeInstanceOf(VaultError);
    expect(error).toMatchObject({ code: 'BAD_MESSAGE' });
    expect(String(error)).not.toMatch(/canary|passwd|alert/);
  });
});

describe('signOutUrl', () => {
  test('takes the page that only signs out', () => {
    const url = 'https://us-east-1.signin.aws.amazon.com/oauth?Action=logout';
    expect(signOutUrl(url).href).toBe(url);
  });

  test.each([
    'https://signin.aws.amazon.com/oauth?Action=logout&redirect_uri=https%3A%2F%2Fevil.example%2F',
    'https://signin.aws.amazon.com/federation?Action=login&SigninToken=canary',
    'javascript:alert(1)//?Action=logout',
  ])('refuses %s without quoting it', (url) => {
    expect(() => signOutUrl(url)).toThrow(expect.objectContaining({ code: 'BAD_MESSAGE' }));
    expect(() => signOutUrl(url)).not.toThrow(/canary|evil|alert/);
  });
});
