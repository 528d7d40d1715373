import { describe, expect, test } from 'vitest';
import { signInUrl } from '../../../extension/sign-in-url.ts';
import { VaultError } from '../../../native-host/errors.ts';

describe('signInUrl', () => {
  test.each([
    'https://us-east-1.signin.aws.amazon.com/federation?Action=login&Issuer=keyturn&SigninToken=t',
    'http://127.0.0.1:4000/federation?Action=login&SigninToken=t',
  ])('takes %s', (url) => {
    expect(signInUrl(url).href).toBe(url);
  });

  test.each([
    'javascript:alert(1)//?Action=login',
    'data:text/html,x?Action=login&SigninToken=canary',
    'file:///etc/passwd?Action=login',
    'https://signin.aws.amazon.com/federation?Action=getSigninToken&Session=canary',
    'https://signin.aws.amazon.com/#?Action=login',
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
