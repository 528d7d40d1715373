import { expect, test } from 'vitest';
import { loginPageUrl } from '../../../extension/login-page-url.ts';

test.each([
  'https://oidc.eu-west-1.amazonaws.com/authorize?response_type=code',
  'http://127.0.0.1:4566/authorize',
  'http://localhost/authorize',
])('the page %s is opened', (url) => {
  expect(loginPageUrl(url)?.href).toBe(url);
});

test.each([
  'http://oidc.eu-west-1.amazonaws.com/authorize',
  'http://127.0.0.1.evil.example/',
  'javascript:alert(1)',
  'file:///etc/passwd',
  'data:text/html,hello',
  'moz-extension://x/popup.html',
  'not a URL',
  '',
])('the page %s is not', (url) => {
  expect(loginPageUrl(url)).toBeUndefined();
});
