import fs from 'node:fs';
import path from 'node:path';
import type { Stage } from './stage.ts';

export const ACCOUNTS = { work: '111122223333', production: '444455556666', client: '123412341234' } as const;

export type Cast = ReturnType<typeof prepareCast>;

/**
 * Ada, who has a user in her company's account and may become administrator of its production account, and a user at a
 * client, where she audits. Both roles ask for MFA.
 */
export function prepareCast({ aws, home }: Stage) {
  const ada = aws.addUser({ account: ACCOUNTS.work, name: 'ada' });
  const guest = aws.addUser({ account: ACCOUNTS.client, name: 'ada' });
  const admin = aws.addRole({ account: ACCOUNTS.production, name: 'admin', trusts: [ada.arn], requireMfa: true });
  const auditor = aws.addRole({ account: ACCOUNTS.client, name: 'auditor', trusts: [guest.arn], requireMfa: true });
  const devices = { work: aws.addMfaDevice(ada), client: aws.addMfaDevice(guest) };
  const config = [
    '[profile work]',
    'region = eu-west-1',
    `mfa_serial = ${devices.work.serial}`,
    '',
    '[profile production]',
    'region = eu-central-1',
    'source_profile = work',
    `role_arn = ${admin.arn}`,
    'role_session_name = ada',
    `mfa_serial = ${devices.work.serial}`,
    '',
    '[profile client]',
    'region = us-east-1',
    `role_arn = ${auditor.arn}`,
    'role_session_name = ada',
    `mfa_serial = ${devices.client.serial}`,
  ];
  fs.mkdirSync(path.join(home, '.aws'));
  fs.writeFileSync(path.join(home, '.aws', 'config'), `${config.join('\n')}\n`);
  return { config, devices, keys: { work: aws.addAccessKey(ada), client: aws.addAccessKey(guest) } };
}
