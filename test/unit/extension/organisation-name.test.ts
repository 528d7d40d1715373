import { expect, test } from 'vitest';
import { organisationName } from '../../../extension/organisation-name.ts';

test.each([
  ['https://corp.awsapps.com/start', 'corp'],
  ['https://d-0123456789.awsapps.com/start', 'd-0123456789'],
  ['https://start.us-gov-home.awsapps.com/directory/corp', 'corp'],
  ['https://start.cn-north-1.home.awsapps.cn/directory/d-0123456789', 'd-0123456789'],
  ['https://ssoins-0123456789abcdef.us-east-1.portal.amazonaws.com', 'ssoins-0123456789abcdef'],
  ['https://ssoins-0123456789abcdef.portal.eu-west-1.app.aws', 'ssoins-0123456789abcdef'],
  ['https://identitycenter.amazonaws.com/ssoins-0123456789abcdef', 'ssoins-0123456789abcdef'],
  ['https://login.example.com/start', 'login.example.com'],
  ['no address', 'no address'],
])('the organisation at %s is called %s', (startUrl, name) => {
  expect(organisationName({ startUrl })).toBe(name);
  expect(organisationName({ startUrl, session: 'its session' })).toBe('its session');
});
