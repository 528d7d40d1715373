import fs from 'node:fs';
import path from 'node:path';
import { itemNames } from './aws-vault-items.ts';
import { addKey, type World } from './world.ts';

/** The people and roles of aws-vault's README, under names of a test's own; codes come from an mfa_process. */
export async function readmePeople(world: World, id: string) {
  const { aws } = world;
  const user = aws.addUser({ account: '111111111111', name: `jonsmith${id}` });
  const device = aws.addMfaDevice(user);
  const role = (name: string, trusts: string[]) =>
    aws.addRole({ account: '222222222222', name: `${name}${id}`, trusts, maxSessionDurationSeconds: 43_200 });
  const readonly = role('ReadOnly', [user.arn]);
  const admin = role('Admin', [user.arn]);
  const role1 = role('Role1', [user.arn]);
  const role2 = role('Role2', [role1.arn]);
  const codes = path.join(world.home, `codes${id}`);
  fs.writeFileSync(codes, [1, 2, 3].map(() => `${device.freshCode()}\n`).join(''));
  const config = path.join(world.home, `config${id}`);
  const section = (name: string, arn: string, source: string, mfa = `mfa_serial = ${device.serial}\n`): string =>
    `[profile ${name}${id}]\nsource_profile = ${source}${id}\nrole_arn = ${arn}\n${mfa}`;
  fs.writeFileSync(
    config,
    `[default]\nregion = us-east-1\nmfa_process = head -n 1 ${codes}; sed -i 1d ${codes}\n` +
      `[profile jonsmith${id}]\nmfa_serial = ${device.serial}\n` +
      section('foo-readonly', readonly.arn, 'jonsmith', '') +
      section('foo-admin', admin.arn, 'jonsmith') +
      section('bar-role1', role1.arn, 'jonsmith') +
      section('bar-role2', role2.arn, 'bar-role1'),
  );
  await addKey(world, `jonsmith${id}`, aws.addAccessKey(user));
  const start = aws.calls.length;
  return {
    device,
    exec: async (profile: string, flags: readonly string[] = [], env: Record<string, string | undefined> = {}) =>
      world.run(['exec', `${profile}${id}`, ...flags, '--', 'true'], { env: { AWS_CONFIG_FILE: config, ...env } }),
    /** Operation, role, seconds, whether MFA went along, and with what kind of key it was signed. */
    calls: () =>
      aws.calls.slice(start).map(({ operation, parameters, accessKeyId = '', status }) => {
        const roleName = parameters.RoleArn?.split('/').at(-1)?.slice(0, -id.length);
        const parts = [
          operation,
          roleName,
          parameters.DurationSeconds,
          parameters.SerialNumber && '+MFA',
          accessKeyId.slice(0, 4),
        ];
        return `${parts.filter(Boolean).join(' ')}${status === 200 ? '' : ` -> ${status}`}`;
      }),
    cached: () =>
      itemNames(world)
        .map((name) => name.split(','))
        .filter(([, profile]) =>
          Buffer.from(profile ?? '', 'base64url')
            .toString()
            .endsWith(id),
        )
        .map(([type]) => type?.replace('sts.', ''))
        .sort(),
  };
}
